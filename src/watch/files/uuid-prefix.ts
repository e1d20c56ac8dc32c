/**
 * What all names of connections of this host begin with, as m-lab/uuid finds it: a file that was
 * made once for the host, or else its name and the time of its boot.
 */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { uuidPrefixOf } from './uuid.ts';

/** Says that two programs of one host may have got different ones: the clock is read by each. */
const UNSAFE = '_unsafe';
const UPTIME_FILE = '/proc/uptime';

/** Where it is looked for. */
export interface UuidPrefixSources {
  /** Made by M-Lab's create-uuid-prefix-file; its last newline is no part of it. */
  readonly file?: string | undefined;
  /** A name other than that of the host, as `POD_NAME` has it. */
  readonly name?: string | undefined;
  readonly nowMs: number;
  /** For tests. */
  readonly uptimeFile?: string;
}

/** @throws what the system says where `file` cannot be read */
export function findUuidPrefix(sources: UuidPrefixSources): string {
  const { file, name, nowMs, uptimeFile = UPTIME_FILE } = sources;
  if (file !== undefined) return readFileSync(file, 'utf8').trimEnd();
  const host = name === undefined || name === '' ? hostname() : name;
  const uptimeSeconds = uptimeIn(uptimeFile);
  if (uptimeSeconds === undefined) return `${host}_BADBOOTTIME${UNSAFE}`;
  return `${uuidPrefixOf(host, { nowMs, uptimeSeconds })}${UNSAFE}`;
}

function uptimeIn(file: string): number | undefined {
  try {
    const [, seconds] = /^(\d+(?:\.\d+)?) /.exec(readFileSync(file, 'utf8')) ?? [];
    return seconds === undefined ? undefined : Number(seconds);
  } catch {
    return undefined;
  }
}
