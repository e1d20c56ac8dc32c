import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, it } from 'vitest';
import type { UnsupportedPlatformError } from '../native/system-error.ts';
import type { ScenarioError } from '../sim/json-fields.ts';
import type { TargetError } from './calls/target.ts';
import { FANTRACE_ERROR_CODES, type FantraceErrorCode, isFantraceError } from './error-code.ts';
import type { HostError } from './host/host-error.ts';
import type { ScenarioFileError } from './scenario-files.ts';
import type { CheckpointError } from './sweep/sweep-checkpoint.ts';
import type { SweepOutputError } from './sweep/sweep-output.ts';
import type { SweepTargetsError } from './sweep/sweep-targets.ts';
import { trace } from './trace/trace.ts';

async function failed(call: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** All errors that the functions of the library reject with. */
type Own =
  | HostError
  | TargetError
  | ScenarioFileError
  | ScenarioError
  | SweepTargetsError
  | CheckpointError
  | SweepOutputError
  | UnsupportedPlatformError;

it('has the codes of all errors, and none besides', () => {
  expectTypeOf<FantraceErrorCode>().toEqualTypeOf<Own['code']>();
});

it('tells what the library rejects with by its code', async () => {
  const error = await failed(() => trace('a', { simulate: 'no-such-network' }));
  if (!isFantraceError(error)) throw error;
  expectTypeOf(error.code).toEqualTypeOf<FantraceErrorCode>();
  expect(error.code).toBe('SCENARIO_UNREADABLE');
});

it.each([
  ["a caller's mistake", () => trace('a', { maxTtl: 256 })],
  ['an abort', () => trace('a', { simulate: 'healthy-fabric', signal: AbortSignal.abort() })],
] as const)('%s is none', async (_, call) => {
  expect(isFantraceError(await failed(async () => call()))).toBe(false);
});

it.each([
  ['a failed system call', Object.assign(new Error('no'), { code: 'EPERM' })],
  ['a name that objects have', Object.assign(new Error('no'), { code: 'toString' })],
  ['a number', Object.assign(new Error('no'), { code: 20 })],
  ['no error', { code: 'NO_ROUTE' }],
  ['nothing', undefined],
])('%s is none', (_, error) => {
  expect(isFantraceError(error)).toBe(false);
});

it('has codes that the documentation explains, each of them', () => {
  const page = readFileSync(new URL('../../docs/library.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|/gm)].map(([, cell = '']) => cell);
  const told = rows.flatMap((cell) => cell.match(/[A-Z_]+/g) ?? []);
  expect(told.sort()).toEqual([...FANTRACE_ERROR_CODES].sort());
});
