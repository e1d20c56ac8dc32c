/**
 * Two processes with 5,000 traces each at once on kernel routers, and how many of the answers were
 * taken for those of another trace. Needs root.
 * Usage: node bench/run.mjs trace-lab-concurrency [TRACES] [PROCESSES]
 */

import { routeManyTargets, traceManyTargets } from '../test/lab/many-targets.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { build } from '../tools/build.mjs';

const CHAIN = { fabric: { widths: [1, 1, 1] } };
const OPTIONS = { names: false, queries: 3, maxTtl: 6, rate: 10_000, ratePerInterface: 10_000 };

/** Prints a line. @returns the exit status: 1 when an answer was mismatched */
export async function main([traces = '5000', processes = '2']: readonly string[]): Promise<number> {
  if (!build({ ifNeeded: true })) return 1;
  const { lab } = await labFor(CHAIN, { family: 4 });
  try {
    await routeManyTargets(lab);
    const startedAt = performance.now();
    const shape = { processes: Number(processes), traces: Number(traces), options: OPTIONS };
    const { replies, mismatched, foreign, duplicates, unreached } = await traceManyTargets(
      lab,
      shape,
    );
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(
      `${processes} processes x ${traces} traces: ${mismatched} of ${replies} replies mismatched, ` +
        `${foreign} foreign, ${duplicates} duplicates, ${unreached} traces did not reach their ` +
        `target, ${seconds} s`,
    );
    return mismatched === 0 ? 0 : 1;
  } finally {
    await lab.close();
  }
}
