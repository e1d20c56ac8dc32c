/**
 * Gives up root once sockets and files are open. What remains can use what is open, and nothing
 * else: whoever finds a hole in the parsing of packets becomes nobody.
 */

import { reasonOf } from '../../lib/reason.ts';
import { processStatus } from './process-status.ts';

/** The unprivileged user and group of Linux, also what user namespaces call unknown ones. */
const NOBODY = 65_534;
const ID_MAX = 2 ** 32 - 2;
const CAP_NET_RAW = 13;

/** A user, and the group that is theirs. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Calls with the effective ids of the user who called sudo, where there is one; files opened there
 * are those that this user may open, and are owned by them.
 */
export function asInvokingUser<Result>(call: () => Result): Result {
  const ids = isRoot() ? invokingUser(process.env) : undefined;
  if (ids === undefined || process.setegid === undefined || process.seteuid === undefined) {
    return call();
  }
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([ids.gid]);
  process.setegid(ids.gid);
  process.seteuid(ids.uid);
  try {
    return call();
  } finally {
    process.seteuid(0);
    process.setegid(0);
    process.setgroups?.(groups);
  }
}

/** Whether root is somebody who called sudo. */
export function isInvokedByUser(): boolean {
  return isRoot() && invokingUser(process.env) !== undefined;
}

/**
 * As root, becomes the user who called sudo, or nobody, in every thread and for good. Otherwise
 * there is nothing to give up.
 *
 * @param rights `makesFiles` where some are made later, which nobody could not: then root stays
 *   unless a user called
 * @returns what to tell the user: which right remains and what bounds it; undefined when none does
 */
export function dropPrivileges({
  hasSockets,
  makesFiles = false,
}: {
  readonly hasSockets: boolean;
  readonly makesFiles?: boolean;
}): string | undefined {
  if (!isRoot()) return hasSockets ? remainingRight() : undefined;
  const user = invokingUser(process.env);
  if (user === undefined && makesFiles) {
    return 'stays root, as files are to be made on the way: called by sudo it would become you';
  }
  const { uid, gid } = user ?? { uid: NOBODY, gid: NOBODY };
  try {
    becomeUser({ uid, gid });
    return undefined;
  } catch (error) {
    const reason = reasonOf(error);
    return `stays root, as this namespace has no other user to become (${reason})`;
  }
}

/**
 * Gives up root for good, in every thread: libc makes these calls in all of them (setuid(2), "C
 * library/kernel differences").
 *
 * @throws what the system says: in a user namespace there may be no such user
 */
export function becomeUser({ uid, gid }: Ids): void {
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/**
 * The user of that name or number.
 *
 * @param passwd what /etc/passwd holds
 * @returns undefined where there is none
 */
export function userNamed(name: string, passwd: string): Ids | undefined {
  for (const line of passwd.split('\n')) {
    const [login, , uid, gid] = line.split(':');
    if (uid === undefined || gid === undefined || (login !== name && uid !== name)) continue;
    return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** Who called sudo, unless root did; undefined where nobody did, or the values make no sense. */
export function invokingUser(env: Readonly<Record<string, string | undefined>>): Ids | undefined {
  const [uid, gid] = [env['SUDO_UID'], env['SUDO_GID']].map((text) =>
    text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : 0,
  );
  const isUser = (id: number | undefined): id is number => id !== undefined && id > 0;
  return isUser(uid) && isUser(gid) && uid <= ID_MAX && gid <= ID_MAX ? { uid, gid } : undefined;
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** A capability cannot be given up in all threads without changing the user: it is told instead. */
function remainingRight(): string | undefined {
  const status = processStatus();
  const effective = BigInt(`0x${status.get('CapEff') ?? '0'}`);
  if ((effective & (1n << BigInt(CAP_NET_RAW))) === 0n) return undefined;
  const bounds = [
    effective === 1n << BigInt(CAP_NET_RAW) ? 'it is the only capability' : undefined,
    status.get('NoNewPrivs') === '1' ? 'no new privileges can be gained' : undefined,
    status.get('Seccomp') === '2' ? 'a seccomp filter is in place' : undefined,
  ].filter((bound) => bound !== undefined);
  const told = bounds.length === 0 ? 'nothing else bounds it' : bounds.join(', ');
  return `keeps CAP_NET_RAW until it ends, as user ${process.getuid?.()}: ${told}`;
}
