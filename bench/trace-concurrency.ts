/**
 * Ten thousand traces at once in one process, on the simulated network: whether all of them end at
 * their own target, how long that takes, and how much live heap each of them costs on its way.
 *
 *   node --expose-gc bench/run.mjs trace-concurrency [TRACES]
 */

import { openManyTraces } from '../test/support/many-traces.ts';

const TRACES_DEFAULT = 10_000;
const SECOND = 1_000_000;
const HEAP_GOAL_BYTES = 4096;
/** Probes with an outcome, for each trace, when the heap is looked at. */
const HEIGHT = 4;
const SETTINGS = {
  firstTtl: 1,
  maxTtl: 16,
  queries: 1,
  retries: 0,
  timeoutUs: SECOND,
  parallelTtls: 255,
  gapLimit: 0,
  maxTimeUs: Number.POSITIVE_INFINITY,
};
const WIDTHS = [1, 4, 4, 4, 4, 4, 1];

/** Prints three lines. @returns the exit status: 1 when a trace did not end at its own target */
export async function main([count = String(TRACES_DEFAULT)]: readonly string[]): Promise<number> {
  const traces = Number(count);
  const { station, engine, flowTo, isTarget } = openManyTraces({ widths: WIDTHS });
  const heapBefore = liveHeapBytes();
  let heapAtHeight = 0;
  let settled = 0;
  const startedAt = performance.now();
  const ends = await Promise.all(
    Array.from({ length: traces }, async (_, n) => {
      const { trace } = await station.run({
        flow: flowTo(n, 'tcp'),
        settings: SETTINGS,
        settled: () => {
          settled++;
          if (settled === HEIGHT * traces) heapAtHeight = liveHeapBytes();
        },
      });
      const last = trace.hops.at(-1)?.firstReply?.responder ?? -1;
      return last >= 0 && isTarget(n, last);
    }),
  );
  const tookMs = Math.round(performance.now() - startedAt);
  const mixed = ends.filter((isOwn) => !isOwn).length;
  const perTrace = Math.round((heapAtHeight - heapBefore) / traces);
  console.log(`${traces} traces at once: ${mixed} not at their own target, ${tookMs} ms`);
  console.log(`live heap for each on its way: ${perTrace} bytes, goal ${HEAP_GOAL_BYTES}`);
  console.log(`foreign replies: ${engine.counters.foreignReplies}`);
  return mixed === 0 ? 0 : 1;
}

/** With a garbage collection before, where that is permitted. */
function liveHeapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
