/** The package as a user gets it: packed, installed into a folder of its own, run as a process. */

import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

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

/** An installation; `remove` it in the end. */
export class InstalledCli {
  /** Readable by everybody; for files of the tests, too. */
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'fantrace-e2e-'));
  /** The executable that npm put there. */
  readonly executable: string;
  readonly package: string;

  constructor() {
    chmodSync(this.folder, 0o755);
    execFileSync(process.execPath, [path.join(ROOT, 'tools/build.mjs'), '--if-needed']);
    const tarball = packInto(this.folder);
    writeFileSync(path.join(this.folder, 'package.json'), manifest(tarball));
    writeFileSync(path.join(this.folder, 'package-lock.json'), lockFile(tarball));
    const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['ci', ...flags], { cwd: this.folder, stdio: 'pipe' });
    this.executable = path.join(this.folder, 'node_modules/.bin/fantrace');
    this.package = path.join(this.folder, 'node_modules/fantrace');
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

function packInto(folder: string): string {
  const flags = ['--ignore-scripts', '--json', '--pack-destination', folder];
  const report = execFileSync('npm', ['pack', ...flags], { cwd: ROOT, stdio: 'pipe' });
  return JSON.parse(report.toString())[0].filename;
}

function manifest(tarball: string): string {
  return JSON.stringify({ private: true, dependencies: { fantrace: `file:${tarball}` } });
}

/** Pins what the project itself was installed with, so that the cache of npm has it. */
function lockFile(tarball: string): string {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  const { '': own, ...others } = packages;
  const needed = Object.entries(others).filter(([, entry]) => !(entry as { dev?: true }).dev);
  return JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { dependencies: { fantrace: `file:${tarball}` } },
      'node_modules/fantrace': { ...own, devDependencies: {}, resolved: `file:${tarball}` },
      ...Object.fromEntries(needed),
    },
  });
}
