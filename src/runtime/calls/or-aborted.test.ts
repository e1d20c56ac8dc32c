import { expect, test, vi } from 'vitest';
import { trace } from '../trace/trace.ts';
import { orAborted } from './or-aborted.ts';

vi.mock('node:dns/promises', () => ({ lookup: () => new Promise(() => {}) }));

test('what comes in time is what there is', async () => {
  const { signal } = new AbortController();
  expect(await orAborted(Promise.resolve(5), signal)).toBe(5);
  await expect(orAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  expect(await orAborted(Promise.resolve(5), undefined)).toBe(5);
});

test('an abort is not kept waiting, whenever it comes', async () => {
  const never = new Promise(() => {});
  await expect(orAborted(never, AbortSignal.abort('before'))).rejects.toBe('before');
  const ending = new AbortController();
  const waiting = orAborted(never, ending.signal);
  ending.abort('meanwhile');
  await expect(waiting).rejects.toBe('meanwhile');
});

test('a trace can be ended while its target is still looked up', async () => {
  const ending = new AbortController();
  const call = trace('a-name-nobody-answers-for.example', { signal: ending.signal });
  ending.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
});
