/** The codes by which programs tell the errors of the library apart. */

import type { HostErrorCode } from './host/host-error.ts';

/** Every code of an error that is ours; `docs/library.md` says what each means. */
export type FantraceErrorCode =
  | HostErrorCode
  | 'UNKNOWN_HOST'
  | 'SCENARIO_UNREADABLE'
  | 'SCENARIO_INVALID'
  | 'TARGETS_UNREADABLE'
  | 'EXCLUSIONS_MISSING'
  | 'NO_TARGETS'
  | 'CHECKPOINT_INVALID'
  | 'CHECKPOINT_UNWRITABLE'
  | 'OUTPUT_UNWRITABLE'
  | 'PLATFORM_UNSUPPORTED';

/** An error of the library, with what to do about it in its message. */
export interface FantraceError extends Error {
  readonly code: FantraceErrorCode;
}

const CODES: Readonly<Record<FantraceErrorCode, true>> = {
  UNKNOWN_HOST: true,
  RAW_SOCKET_DENIED: true,
  PING_SOCKET_DENIED: true,
  NO_ROUTE: true,
  SOURCES_DIFFER: true,
  PORTS_UNAVAILABLE: true,
  SEND_REFUSED: true,
  MARK_DENIED: true,
  AS_DATABASE_UNREADABLE: true,
  NO_PROGRAM: true,
  WRONG_PROGRAM: true,
  TARGET_NOT_A_HOST: true,
  SOURCE_NOT_LOCAL: true,
  USAGE: true,
  SOCKET_TAKEN: true,
  SCENARIO_UNREADABLE: true,
  SCENARIO_INVALID: true,
  TARGETS_UNREADABLE: true,
  EXCLUSIONS_MISSING: true,
  NO_TARGETS: true,
  CHECKPOINT_INVALID: true,
  CHECKPOINT_UNWRITABLE: true,
  OUTPUT_UNWRITABLE: true,
  PLATFORM_UNSUPPORTED: true,
};

/** All of them. */
export const FANTRACE_ERROR_CODES = Object.keys(CODES) as readonly FantraceErrorCode[];

/**
 * Whether an error is one of the library's own, whichever thread it comes from. Not those are a
 * caller's mistake (a `RangeError`), an abort, and a failed system call, whose `code` is its errno
 * name as in the errors of Node.
 */
export function isFantraceError(error: unknown): error is FantraceError {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'string' && Object.hasOwn(CODES, error.code);
}
