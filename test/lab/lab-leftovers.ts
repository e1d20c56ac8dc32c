/**
 * Finds and removes labs by the names of their namespaces, which hold the pid of their owner: no
 * record of them can get lost. Removal is synchronous so that it can be done while exiting.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { labPath } from '../../tools/lab-packages.mjs';

/** Where iproute2 keeps named namespaces. */
const NAMESPACES = '/run/netns';
/** Where `ip netns exec` finds files that stand in for those of /etc. */
const FILES = '/etc/netns';
const NAME = /^(?<lab>fantrace-(?<pid>[0-9a-z]+)-\d+)-./;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const open = new Set<string>();
let isWatching = false;
let labsSoFar = 0;

/** A name that no other lab of this machine has; the lab is removed at exit if not before. */
export function claimLabName(): string {
  watchForTheEnd();
  const name = `fantrace-${process.pid.toString(36)}-${labsSoFar++}`;
  open.add(name);
  return name;
}

/** Removes a lab with all that runs in it. */
export function removeLab(name: string): void {
  const parts = partsOnDisk().filter((part) => part.lab === name);
  remove(parts.map((part) => part.namespace));
  open.delete(name);
}

/** Removes labs whose owner is gone: killed, so that it had no time to do so itself. */
export function sweepLeftovers(): void {
  const stale = partsOnDisk().filter(({ lab, pid }) => !open.has(lab) && !isOwned(pid));
  remove([...new Set(stale.map((part) => part.namespace))]);
}

/** The folder of files that replace those of /etc for commands in a namespace. */
export function makeEtcFolder(namespace: string): string {
  const folder = path.join(FILES, namespace);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A lab that this process does not know but that has its pid is of an earlier process. */
function isOwned(pid: number): boolean {
  return pid !== process.pid && isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

interface Part {
  readonly namespace: string;
  readonly lab: string;
  readonly pid: number;
}

function partsOnDisk(): Part[] {
  return [...namesIn(NAMESPACES), ...namesIn(FILES)].flatMap((namespace) => {
    const { lab, pid } = NAME.exec(namespace)?.groups ?? {};
    if (lab === undefined || pid === undefined) return [];
    return [{ namespace, lab, pid: Number.parseInt(pid, 36) }];
  });
}

function remove(namespaces: readonly string[]): void {
  const existing = namesIn(NAMESPACES).filter((name) => namespaces.includes(name));
  killAllIn(existing);
  if (existing.length > 0) {
    const input = existing.map((name) => `netns del ${name}\n`).join('');
    // -force: two processes may sweep at the same time.
    const env = { ...process.env, PATH: labPath() };
    spawnSync('ip', ['-force', '-batch', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'], env });
  }
  for (const name of namespaces) rmSync(path.join(FILES, name), { recursive: true, force: true });
}

/** What runs in a namespace of a lab was started by the lab, or by what it started. */
function killAllIn(namespaces: readonly string[]): void {
  const ids = new Set(namespaces.map((name) => idOf(path.join(NAMESPACES, name))));
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    const id = idOf(`/proc/${pid}/ns/net`);
    if (id === undefined || !ids.has(id) || Number(pid) === process.pid) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // ended in the meantime
    }
  }
}

/** What tells a namespace from all others; undefined where there is none. */
function idOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function watchForTheEnd(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', removeAll);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      removeAll();
      // Our handler keeps the signal from ending the process: unless others want that too, end it.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

function removeAll(): void {
  for (const name of open) removeLab(name);
}
