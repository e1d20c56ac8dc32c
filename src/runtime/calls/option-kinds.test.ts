import { describe, expect, test } from 'vitest';
import { isolate } from '../isolate/isolate-call.ts';
import { paths } from '../paths/paths.ts';
import { trace } from '../trace/trace.ts';

/** As programs in JavaScript call them. */
type Call = (target?: unknown, options?: object) => unknown;
const CALLS = Object.entries({ isolate, paths, trace } as unknown as Record<string, Call>);
const SIMULATED = { simulate: 'healthy-fabric' };

describe.each(CALLS)('%s refuses at once', (_name, call) => {
  test.each([undefined, null, 42, {}])('the target %o', (target) => {
    expect(() => call(target, SIMULATED)).toThrow(/^target must be a string, got/);
  });

  test.each([
    { option: { maxTTL: 4 }, says: 'there is no option maxTTL' },
    { option: { port: '80' }, says: "port must be a number, got '80'" },
    { option: { tos: 'high' }, says: /^tos must be a (number|list), got 'high'/ },
    { option: { names: 'no' }, says: "names must be a boolean, got 'no'" },
    { option: { family: 5 }, says: 'family must be 4 or 6, got 5' },
    { option: { signal: 5 }, says: 'signal must be an object, got 5' },
  ])('$option', ({ option, says }) => {
    expect(() => call('a', { ...SIMULATED, ...option })).toThrow(says);
  });

  test('nothing that is left undefined', async () => {
    const options = { ...SIMULATED, port: undefined, signal: AbortSignal.abort(), seed: 1 };
    await expect(call('a', options)).rejects.toThrow(/aborted/);
  });
});
