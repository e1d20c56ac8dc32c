/**
 * Ten thousand traces at once in one process, on the simulated network: whether all of them end at
 * their own target, and how long that takes. Then as many again in a network that is dark behind
 * its fourth hop: how much live heap each of them costs while it waits, with nothing under way
 * that would be the simulator's.
 *
 *   node --expose-gc bench/run.mjs trace-concurrency [TRACES]
 */

import type { PacketLink } from '../src/model/packet-link.ts';
import { openManyTraces } from '../test/support/many-traces.ts';

const TRACES_DEFAULT = 10_000;
const SECOND = 1_000_000;
const HEAP_GOAL_BYTES = 4096;
/** Hops that answer where the rest is dark. */
const HEIGHT = 4;
const IPV4_TTL_OFFSET = 8;
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

/** Prints three lines. @returns the exit status: 1 when a goal was missed */
export async function main([count = String(TRACES_DEFAULT)]: readonly string[]): Promise<number> {
  const traces = Number(count);
  const { mixed, foreignReplies, tookMs } = await toOwnTargets(traces);
  console.log(`${traces} traces at once: ${mixed} not at their own target, ${tookMs} ms`);
  console.log(`foreign replies: ${foreignReplies}`);
  const heapBytes = await heapOfEach(traces);
  console.log(`live heap for each on its way: ${heapBytes} bytes, goal ${HEAP_GOAL_BYTES}`);
  return mixed === 0 && heapBytes <= HEAP_GOAL_BYTES ? 0 : 1;
}

async function toOwnTargets(traces: number) {
  const { station, engine, flowTo, isTarget } = openManyTraces({ widths: WIDTHS });
  const startedAt = performance.now();
  const ends = await Promise.all(
    Array.from({ length: traces }, async (_, n) => {
      const { trace } = await station.run({ flow: flowTo(n, 'tcp'), settings: SETTINGS });
      const last = trace.hops.at(-1)?.firstReply?.responder ?? -1;
      return last >= 0 && isTarget(n, last);
    }),
  );
  const { foreignReplies } = engine.counters;
  const tookMs = Math.round(performance.now() - startedAt);
  return { mixed: ends.filter((isOwn) => !isOwn).length, foreignReplies, tookMs };
}

async function heapOfEach(traces: number): Promise<number> {
  const { station, flowTo } = openManyTraces({ widths: WIDTHS }, darkBehind);
  // All that the first use of anything costs.
  await station.run({ flow: flowTo(0, 'tcp'), settings: SETTINGS });
  const before = liveHeapBytes();
  let atHeight = 0;
  let answered = 0;
  const settled = ({ state }: { readonly state: string }): void => {
    answered += Number(state === 'answered');
    if (answered === HEIGHT * traces && atHeight === 0) atHeight = liveHeapBytes();
  };
  const running = Array.from({ length: traces }, (_, n) =>
    station.run({ flow: flowTo(n + 1, 'tcp'), settings: SETTINGS, settled }),
  );
  await Promise.all(running);
  return Math.round((atHeight - before) / traces);
}

/** The link of a network that swallows what goes farther than `HEIGHT` hops. */
function darkBehind(link: PacketLink): PacketLink {
  const { bytes, slotBytes, lengths } = link.outbox;
  const send = link.send.bind(link);
  return Object.assign(link, {
    send: (count: number, nowUs: number) => {
      for (let slot = 0; slot < count; slot++) {
        const start = slot * slotBytes;
        if ((bytes[start + IPV4_TTL_OFFSET] ?? 0) > HEIGHT) continue;
        bytes.copyWithin(0, start, start + slotBytes);
        lengths[0] = lengths[slot] ?? 0;
        send(1, nowUs);
      }
      return { accepted: count, error: undefined };
    },
  });
}

/** With a garbage collection before, where that is permitted. */
function liveHeapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
