/**
 * Starts the commands that build and use a lab. Every one dies with the process that started it,
 * so that a crashed run leaves nothing behind that still sends packets.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { labPath } from '../../tools/lab-packages.mjs';

export interface CommandOptions {
  /** On top of the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; empty when absent. */
  readonly input?: string | Uint8Array;
  /** After this the command is killed and the call fails. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that failed or took too long; the message has its last words. */
export class CommandError extends Error {
  readonly code = 'LAB_COMMAND_FAILED';

  constructor(argv: readonly string[], complaint: string) {
    super(`${argv.join(' ')}: ${complaint}`);
    this.name = 'CommandError';
  }
}

const TIMEOUT_MS = 30_000;
/** From util-linux; a SIGKILLed owner has no other way to take its children with it. */
const DIES_WITH_US = ['--pdeathsig', 'KILL', '--'];

/** Starts a command with pipes to all of its standard streams. */
export function startCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  return spawn('setpriv', [...DIES_WITH_US, ...argv], {
    env: { ...process.env, PATH: labPath(), ...env },
  });
}

/**
 * Runs a command to its end, whatever its status.
 *
 * @throws {CommandError} when it cannot be started or runs into `timeoutMs`
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
  onStart: (child: ChildProcessWithoutNullStreams) => void = () => {},
): Promise<CommandResult> {
  const { env, input = '', timeoutMs = TIMEOUT_MS } = options;
  const child = startCommand(argv, env);
  onStart(child);
  child.stdin.on('error', () => {}); // it need not read its input
  child.stdin.end(input);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    if (!isLate) return { status, stdout, stderr };
    throw new CommandError(argv, `took longer than ${timeoutMs} ms\n${stdout}${stderr}`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a command that has to succeed.
 *
 * @returns its standard output
 * @throws {CommandError} when its status is not 0
 */
export async function runSuccessfully(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await runCommand(argv, options);
  if (status === 0) return stdout;
  throw new CommandError(argv, `status ${status}\n${stderr}`);
}
