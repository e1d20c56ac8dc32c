/** The package as a user gets it: packed, installed, run as a process. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { inject } from 'vitest';
import { installInto, publicFolder } from './installation.ts';

export interface Outcome {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Added to an environment that says nothing of colours and sudo; `undefined` removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A command and its arguments that the program is run under. */
  readonly under?: readonly string[];
}

/** The program, and a folder for the files of a test; `remove` it in the end. */
export class InstalledCli {
  /** Readable by everybody. */
  readonly folder: string = publicFolder();
  /** Where npm put the executables. */
  readonly bin: string;
  readonly executable: string;
  readonly package: string;

  /** @param isAlone whether it is installed into the folder, and not shared with other files */
  constructor({ isAlone = false }: { readonly isAlone?: boolean } = {}) {
    const modules = path.join(this.folder, 'node_modules');
    if (isAlone) installInto(this.folder);
    else symlinkSync(path.join(inject('installation'), 'node_modules'), modules);
    this.bin = path.join(modules, '.bin');
    this.executable = path.join(this.bin, 'fantrace');
    this.package = path.join(modules, 'fantrace');
  }

  /** Runs `fantrace` to its end. */
  run(args: readonly string[], { env = {}, under = [] }: RunOptions = {}): Promise<Outcome> {
    const command = [...under, process.execPath, this.executable, ...args];
    return outcomeOf(command, environment(env));
  }

  /** Starts `fantrace`, to be watched or interrupted. */
  start(args: readonly string[], { env = {}, under = [] }: RunOptions = {}): StartedRun {
    const [file = '', ...rest] = [...under, process.execPath, this.executable, ...args];
    const child = spawn(file, rest, {
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { child, hasStarted: hasHandlers(child.pid ?? 0), outcome: outcomeOfChild(child) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a command to its end. */
export function outcomeOf(
  [file = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv = environment({}),
): Promise<Outcome> {
  return outcomeOfChild(spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A run that goes on. */
export interface StartedRun {
  readonly child: Child;
  /** Resolves when it would answer SIGINT with a report. */
  readonly hasStarted: Promise<void>;
  readonly outcome: Promise<Outcome>;
}

const SIGHUP_SIGINT_AND_SIGTERM = 0x4003n;

/** Watches which signals a process of Node's catches. */
async function hasHandlers(pid: number): Promise<void> {
  for (;;) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const caught = BigInt(`0x${/^SigCgt:\t(\w+)$/m.exec(status)?.[1] ?? '0'}`);
    if ((caught & SIGHUP_SIGINT_AND_SIGTERM) === SIGHUP_SIGINT_AND_SIGTERM) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function outcomeOfChild(child: Child): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

function environment(added: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...rest } = process.env;
  const { SUDO_UID: ____, SUDO_GID: _____, ...inherited } = rest;
  return { ...inherited, ...added };
}
