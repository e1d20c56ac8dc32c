/** What names of connections begin with, as flags of both watching commands have it. */

import { reasonOf } from '../../lib/reason.ts';
import { findUuidPrefix } from '../../watch/files/uuid-prefix.ts';
import { HOST_CLOCK } from '../../watch/watch-clock.ts';
import { CliError } from '../cli-error.ts';
import { uuidPrefix } from './watch-flags.ts';

/**
 * What the file says; without one, what this host is called by.
 *
 * @param flag that names the file
 * @throws {CliError} for a file that cannot be read, or holds no prefix
 */
export function uuidPrefixFor(flag: string, file: string | undefined): string {
  try {
    const name = process.env['POD_NAME'];
    return uuidPrefix(findUuidPrefix({ file, name, nowMs: HOST_CLOCK.nowMs() }));
  } catch (error) {
    const what = file === undefined ? 'the UUID prefix' : `${flag}: ${file}`;
    throw new CliError('UUID_PREFIX_UNREADABLE', `${what}: ${reasonOf(error)}`);
  }
}
