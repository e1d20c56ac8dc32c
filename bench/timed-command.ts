/** Programs in a lab, with how long each took and how much processor time. */

import type { NamespaceLab } from '../test/lab/namespace-lab.ts';

/** A run that is over. */
export interface TimedRun {
  readonly stdout: string;
  readonly wallMs: number;
  /** Of the program and all that it started. */
  readonly processorMs: number;
}

const TIMEOUT_MS = 120_000;
/** The three times come last on stderr, in seconds. */
const TIMED = ['bash', '-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash'];

/** Runs a command in a node of the lab, to its end whatever its exit status. */
export async function timedIn(
  lab: NamespaceLab,
  node: string,
  argv: readonly string[],
): Promise<TimedRun> {
  const { stdout, stderr } = await lab.exec(node, [...TIMED, ...argv], { timeoutMs: TIMEOUT_MS });
  const [wall = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { stdout, wallMs: 1000 * wall, processorMs: 1000 * (user + system) };
}
