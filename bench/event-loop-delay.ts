/**
 * How long a host program's own timers wait while it sends 100,000 probes a second, each of which a
 * kernel router answers; how much of that the host's thread itself worked, as the rest is the
 * scheduler's; and how long they wait where a worker and the host are as busy and share nothing.
 * Needs root.
 * Usage: node bench/run.mjs event-loop-delay [SECONDS] [RATE]
 */

import { fileURLToPath } from 'node:url';
import { SOURCE } from '../src/sim/topology.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { prepareLab } from '../tools/lab-packages.mjs';
import type { HostOutcome } from './event-loop/host.ts';
import { FigureList } from './measured-cost.ts';

const RUNNER = fileURLToPath(new URL('./run.mjs', import.meta.url));
/** What the scheduler makes of two busy threads: no goal, as nothing of ours is in it. */
const BOUND = 'spinning-worker';
const WORKER = 'traces-in-worker';
const WAYS = [
  { way: 'idle', what: 'nothing to do' },
  { way: BOUND, what: 'the bound, as much work in two threads that say nothing to each other' },
  { way: 'engine', what: 'the engine alone' },
  { way: 'traces', what: 'traces by the library' },
  { way: WORKER, what: "the same with thread: 'worker'" },
];
const GOAL_MS = 5;
const TIMEOUT_MS = 60_000;

/** Prints a line for each way. @returns 1 when a goal was missed */
export async function main([seconds = '4', rate = '100000']: readonly string[]): Promise<number> {
  const obstacle = prepareLab();
  if (obstacle !== undefined) {
    console.log(`event-loop-delay did not run: ${obstacle.obstacle}; ${obstacle.remedy}`);
    return 1;
  }
  const figures = new FigureList();
  const { lab } = await labFor({ fabric: { widths: [1] } }, { family: 4 });
  const { source, target } = lab.plan;
  let boundMs = Number.NaN;
  try {
    for (const { way, what } of WAYS) {
      const flags = [way, rate, seconds, source[4], target.address[4]];
      const argv = [process.execPath, RUNNER, 'event-loop/host', ...flags];
      const { status, stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: TIMEOUT_MS });
      if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
      const outcome = JSON.parse(stdout) as HostOutcome;
      console.log(`  ${what}: ${lineOf(outcome)}`);
      if (way === BOUND) boundMs = outcome.p99Ms;
      else addGoal(what, outcome, figures);
      if (way === WORKER)
        console.log(`  which is ${(outcome.p99Ms / boundMs).toFixed(2)} × the bound`);
    }
  } finally {
    await lab.close();
  }
  return figures.missed === 0 ? 0 : 1;
}

function lineOf(outcome: HostOutcome): string {
  const { probes, replies, seconds, processorSeconds, p50Ms, p99Ms, maxMs } = outcome;
  const rate = Math.round(probes / seconds / 1000);
  const delays = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)}, longest ${maxMs.toFixed(1)}`;
  const load = `${Math.round((100 * processorSeconds) / seconds)} % of a processor`;
  const [worked, heldUp] = [outcome.workedP99Ms.toFixed(2), outcome.heldUpP99Ms.toFixed(2)];
  const why = `in a turn it works ${worked} ms and is kept from running ${heldUp} (p99)`;
  return `${rate} kpps, ${probes - replies} unanswered, ${load}; ${delays}; ${why}`;
}

function addGoal(what: string, { p99Ms }: HostOutcome, figures: FigureList): void {
  figures.add({
    what: `event loop of the host: p99 of its delay, ${what}`,
    value: p99Ms,
    unit: 'ms',
    goal: GOAL_MS,
    isGoalMost: true,
  });
}
