import { describe, expect, it } from 'vitest';
import { connectionTo } from '../../test/support/connections.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { TraceCache, type TraceCacheOptions } from './trace-cache.ts';

const AGE_MS = 600_000;
const NEGATIVE_AGE_MS = 60_000;

function cacheWith(options: Partial<TraceCacheOptions<string>> = {}): {
  cache: TraceCache<string>;
  clock: VirtualClock;
} {
  const clock = new VirtualClock();
  const cache = new TraceCache<string>({
    clock,
    maxAgeMs: AGE_MS,
    negativeAgeMs: NEGATIVE_AGE_MS,
    entriesMax: 100,
    sizeMax: 1000,
    sizeOf: (text) => text.length,
    ...options,
  });
  return { cache, clock };
}

/** A trace that ends when told to. */
function pendingTrace(): {
  measure: () => Promise<string>;
  finish: (text: string) => void;
  fail: (error: Error) => void;
  calls: () => number;
} {
  let calls = 0;
  let finish: (text: string) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const pending = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const measure = (): Promise<string> => {
    calls++;
    return pending;
  };
  return { measure, finish, fail, calls: () => calls };
}

const never = (): Promise<string> => Promise.reject(new Error('traced twice'));

describe('TraceCache', () => {
  it('has one trace in flight for an address, and all others share it', async () => {
    const { cache } = cacheWith();
    const trace = pendingTrace();
    const requests = ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1'].map((address) =>
      cache.fetch(connectionTo(address), trace.measure),
    );
    trace.finish('paths');
    expect((await Promise.all(requests)).map(({ kind }) => kind)).toEqual([
      'traced',
      'cached',
      'cached',
    ]);
    expect(trace.calls()).toBe(1);
  });

  it('keeps addresses apart', async () => {
    const { cache } = cacheWith();
    for (const address of ['192.0.2.1', '192.0.2.2', 'fd00::1']) {
      expect(await cache.fetch(connectionTo(address), async () => address)).toEqual({
        kind: 'traced',
        result: address,
      });
    }
    expect(cache.length).toBe(3);
  });

  it('counts the age from completion', async () => {
    const { cache, clock } = cacheWith();
    const trace = pendingTrace();
    const first = cache.fetch(connectionTo('192.0.2.1'), trace.measure);
    await clock.pass(2 * AGE_MS); // slower than its own age
    trace.finish('slow');
    await first;
    await clock.pass(AGE_MS - 1);
    expect(await cache.fetch(connectionTo('192.0.2.1'), never)).toMatchObject({ kind: 'cached' });
    await clock.pass(1);
    expect(await cache.fetch(connectionTo('192.0.2.1'), async () => 'new')).toMatchObject({
      kind: 'traced',
      result: 'new',
    });
  });

  it('forgets failures sooner, and tells whose they were', async () => {
    const { cache, clock } = cacheWith();
    const error = new Error('no route');
    const trace = pendingTrace();
    const [own, waiting] = [1, 2].map(() => cache.fetch(connectionTo('192.0.2.1'), trace.measure));
    trace.fail(error);
    expect(await own).toEqual({ kind: 'failed', error, isOwn: true });
    expect(await waiting).toEqual({ kind: 'failed', error, isOwn: false });
    await clock.pass(NEGATIVE_AGE_MS - 1);
    expect(await cache.fetch(connectionTo('192.0.2.1'), never)).toEqual({
      kind: 'failed',
      error,
      isOwn: false,
    });
    await clock.pass(1);
    expect(await cache.fetch(connectionTo('192.0.2.1'), async () => 'now')).toMatchObject({
      kind: 'traced',
    });
  });

  it('throws out the oldest beyond its bound of entries, but nothing in flight', async () => {
    const { cache } = cacheWith({ entriesMax: 3 });
    const trace = pendingTrace();
    const slow = cache.fetch(connectionTo('192.0.2.99'), trace.measure);
    for (let i = 1; i <= 5; i++) await cache.fetch(connectionTo(`192.0.2.${i}`), async () => 'x');
    expect(cache.length).toBe(3);
    const kindOf = async (i: number): Promise<string> =>
      (await cache.fetch(connectionTo(`192.0.2.${i}`), async () => 'again')).kind;
    expect(await kindOf(5)).toBe('cached');
    expect(await kindOf(1)).toBe('traced');
    trace.finish('slow');
    expect(await slow).toMatchObject({ kind: 'traced' });
  });

  it('throws out the oldest beyond its bound of size', async () => {
    const { cache } = cacheWith({ sizeMax: 10 });
    await cache.fetch(connectionTo('192.0.2.1'), async () => 'sixsix');
    await cache.fetch(connectionTo('192.0.2.2'), async () => 'four');
    expect(cache.length).toBe(2);
    await cache.fetch(connectionTo('192.0.2.3'), async () => 'x');
    expect(cache.length).toBe(2);
    expect(await cache.fetch(connectionTo('192.0.2.2'), never)).toMatchObject({ kind: 'cached' });
  });

  it('applies a new age to what it has', async () => {
    const { cache, clock } = cacheWith();
    await cache.fetch(connectionTo('192.0.2.1'), async () => 'x');
    await clock.pass(1000);
    cache.configure({ maxAgeMs: 1000 });
    expect(cache.length).toBe(0);
  });
});
