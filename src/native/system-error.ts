/** What a failed system call, or a host that these bindings do not fit, looks like to callers. */

import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/** A system call that failed. `code` is the errno name (`EPERM`), as in the errors of Node. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly code: string;
  readonly syscall: string;
  readonly errno: number;

  /** @param errno as libc left it: positive */
  constructor(syscall: string, errno: number) {
    const [, description = 'unknown error'] = getSystemErrorMap().get(-errno) ?? [];
    super(`${syscall}: ${errnoName(errno)} (${description})`);
    this.code = errnoName(errno);
    this.syscall = syscall;
    this.errno = errno;
  }
}

/** This host's kernel or ABI is none that the bindings know; nothing was called. */
export class UnsupportedPlatformError extends Error {
  override readonly name = 'UnsupportedPlatformError';
  readonly code = 'PLATFORM_UNSUPPORTED';
}

/** @param errno positive; @returns its name, such as `ENOBUFS` */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}
