/**
 * Programs of others that trace for us: where they are, which version they have, and one run of
 * one, bounded in time and output. Each runs in a process group of its own, which ends as a whole:
 * scamper leaves a child behind when its parent alone is killed.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { printable } from '../../lib/printable.ts';
import { HostError } from '../../runtime/host/host-error.ts';
import { TraceFailure } from '../tracer.ts';

/** What is known of a program that can be run. */
export interface ProgramKind {
  /** As it is called on the command line. */
  readonly command: string;
  /** Arguments that make it tell its version and end. */
  readonly versionArgs: readonly string[];
  /** Finds the version in what it says; nothing else may be called so. */
  readonly versionPattern: RegExp;
  /** How to get it. */
  readonly advice: string;
}

export const SCAMPER: ProgramKind = {
  command: 'scamper',
  versionArgs: ['-v'],
  versionPattern: /^scamper version (\S+)/m,
  advice: 'apt-get install scamper',
};

export const PARIS_TRACEROUTE: ProgramKind = {
  command: 'paris-traceroute',
  versionArgs: ['--version'],
  versionPattern: /(\d+(?:\.\d+)+\S*)/,
  advice: 'Debian has no package of it: build it from its sources, and put it on PATH',
};

/** A program that is there and tells who it is. */
export interface FoundProgram {
  /** Absolute. */
  readonly path: string;
  readonly version: string;
}

const PROBE_MS = 5000;
const QUOTE_LENGTH = 200;

/**
 * Looks for a program and asks for its version.
 *
 * @param name a command on the search path, or a path
 * @throws {HostError} that says how to get it where it is missing or is something else
 */
export function findProgram(kind: ProgramKind, name: string = kind.command): FoundProgram {
  const path = whereIs(name, process.env['PATH'] ?? '');
  if (path === undefined) {
    const place = name.includes('/') ? 'is no program' : 'is not on PATH';
    throw new HostError('NO_PROGRAM', `${printable(name)} ${place}\n${kind.advice}`);
  }
  const { stdout, stderr, error } = spawnSync(path, [...kind.versionArgs], {
    encoding: 'utf8',
    timeout: PROBE_MS,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [, version] = kind.versionPattern.exec(`${stdout}\n${stderr}`) ?? [];
  if (version !== undefined) return { path, version };
  const said = error?.message ?? firstLine(stdout === '' ? stderr : stdout);
  const asked = `${path} ${kind.versionArgs.join(' ')}`;
  throw new HostError(
    'WRONG_PROGRAM',
    `${asked} does not tell a version of ${kind.command}, but ${said}\n${kind.advice}`,
  );
}

/** The absolute path of an executable file; undefined where there is none. */
function whereIs(name: string, searchPath: string): string | undefined {
  const places = name.includes('/')
    ? [isAbsolute(name) ? name : resolve(name)]
    : searchPath.split(delimiter).flatMap((folder) => (folder === '' ? [] : [join(folder, name)]));
  return places.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface RunOptions {
  readonly args: readonly string[];
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Bytes of output at most; more ends it. */
  readonly outputMax: number;
}

/** Bytes of complaints that are kept for a message. */
const STDERR_MAX = 4096;

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output
 * @throws {TraceFailure} where it does not end well, or was ended
 */
export function runProgram(path: string, options: RunOptions): Promise<string> {
  const { args, signal, outputMax } = options;
  return new Promise((resolve_, reject) => {
    if (signal.aborted) {
      reject(new TraceFailure('timeout', `${path} was not started: the time was over`));
      return;
    }
    const child = spawn(path, [...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    let length = 0;
    let complaints = '';
    let failure: TraceFailure | undefined;
    const end = (why: TraceFailure): void => {
      failure ??= why;
      killGroup(child);
    };
    const overtime = (): void => end(new TraceFailure('timeout', `${path} took too long`));
    signal.addEventListener('abort', overtime, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > outputMax) {
        output.length = 0;
        end(new TraceFailure('too-large', `${path} printed more than ${outputMax} bytes`));
      } else if (failure === undefined) {
        output.push(chunk);
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaints.length < STDERR_MAX) complaints += chunk.toString('utf8');
    });
    child.on('error', (cause) => {
      failure ??= new TraceFailure('unavailable', `${path}: ${cause.message}`, { cause });
      if (child.pid === undefined) finish(null, null);
    });
    child.on('close', finish);
    function finish(code: number | null, by: NodeJS.Signals | null): void {
      signal.removeEventListener('abort', overtime);
      if (failure === undefined && code === 0) resolve_(Buffer.concat(output).toString('utf8'));
      else reject(failure ?? new TraceFailure('crashed', endOf(path, { code, by, complaints })));
    }
  });
}

/** Ends a process and all that it started, at once. */
export function killGroup({ pid }: Pick<ChildProcess, 'pid'>): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function endOf(
  path: string,
  { code, by, complaints }: { code: number | null; by: string | null; complaints: string },
): string {
  const how = by === null ? `ended with status ${code}` : `was ended by ${by}`;
  return complaints === '' ? `${path} ${how}` : `${path} ${how}: ${firstLine(complaints)}`;
}

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line === '' ? 'nothing' : printable(line.slice(0, QUOTE_LENGTH));
}
