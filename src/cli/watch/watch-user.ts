/**
 * As whom a watcher runs: root opens the sockets and makes the folders, and then becomes somebody
 * who can do no more than write there.
 */

import { accessSync, constants, readFileSync } from 'node:fs';
import { reasonOf } from '../../lib/reason.ts';
import { becomeUser, type Ids, invokingUser, userNamed } from '../../runtime/host/privileges.ts';
import { CliError } from '../cli-error.ts';

/** Who needs what, to decide as whom to run. */
export interface UserRequest {
  /** Given by name or number; undefined for whoever called sudo. */
  readonly user: string | undefined;
  /** Why root has to stay; undefined where it can be given up. */
  readonly rootIsFor: string | undefined;
}

/**
 * Whom to become; undefined to stay who we are.
 *
 * @throws {CliError} where nobody has that name, or root has to stay
 */
export function userToBecome({ user, rootIsFor }: UserRequest): Ids | undefined {
  const isRoot = process.geteuid?.() === 0;
  if (user === undefined) {
    return isRoot && rootIsFor === undefined ? invokingUser(process.env) : undefined;
  }
  const ids = userNamed(user, readFileSync('/etc/passwd', 'utf8'));
  if (ids === undefined) throw new CliError('USAGE', `--user: nobody is called ${user} here`);
  if (ids.uid === process.geteuid?.()) return undefined;
  if (!isRoot) throw new CliError('USAGE', '--user: only root can become somebody else');
  if (rootIsFor !== undefined) {
    const hint = 'leave out --user, or name native alone as --tracer';
    throw new CliError('USAGE', `--user: root has to stay for ${rootIsFor}`, hint);
  }
  return ids;
}

/**
 * Becomes them, for good.
 *
 * @param folders that they have to be able to write to
 * @throws {CliError} where that is not so
 */
export function giveUpRoot(ids: Ids, folders: readonly string[]): void {
  try {
    becomeUser(ids);
  } catch (error) {
    const reason = reasonOf(error);
    const message = `root cannot become user ${ids.uid} here: ${reason}`;
    throw new CliError('USER_UNAVAILABLE', message, 'in a user namespace, map that user');
  }
  for (const folder of folders) {
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch {
      const message = `user ${ids.uid} cannot write to ${folder}`;
      const hint = `chown ${ids.uid} ${folder}, or name another user with --user`;
      throw new CliError('OUTPUT_UNWRITABLE', message, hint);
    }
  }
}
