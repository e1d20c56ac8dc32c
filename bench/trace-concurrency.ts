/**
 * Ten thousand traces at once in one process, on the simulated network: whether all of them end at
 * their own target, how long that takes, and how much live heap each of them costs on its way.
 *
 *   node --expose-gc bench/run.mjs trace-concurrency [TRACES]
 */

import { parseIpAddress } from '../src/lib/ip-address.ts';
import { Random } from '../src/lib/random.ts';
import { AddressBook } from '../src/model/address-book.ts';
import { ProbeEngine } from '../src/probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../src/probing/probe-token.ts';
import { VirtualTimeline } from '../src/runtime/timeline.ts';
import { TraceStation } from '../src/runtime/trace-station.ts';
import { planNetwork } from '../src/sim/network-plan.ts';
import { parseScenario } from '../src/sim/scenario.ts';
import { SimulatedLink } from '../src/sim/simulated-link.ts';

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
const SCENARIO = {
  shows: 'a fabric',
  fabric: { widths: [1, 4, 4, 4, 4, 4, 1] },
  linkDelayMs: 5,
  truth: { verdict: 'no-loss' },
};

/** Prints three lines. @returns the exit status: 1 when a trace did not end at its own target */
export async function main([count = String(TRACES_DEFAULT)]: readonly string[]): Promise<number> {
  const traces = Number(count);
  const { station, engine, addresses, source } = openStation();
  const heapBefore = liveHeapBytes();
  let heapAtHeight = 0;
  let settled = 0;
  const startedAt = performance.now();
  const ends = await Promise.all(
    Array.from({ length: traces }, async (_, n) => {
      const destination = Uint8Array.of(203, n >> 16, (n >> 8) & 0xff, n & 0xff);
      const ports = { sourcePort: 33_000, destinationPort: 443 };
      const { trace } = await station.run({
        flow: { source, destination, ...ports, flowLabel: 0, tos: 0, protocol: 'tcp' },
        settings: SETTINGS,
        settled: () => {
          settled++;
          if (settled === HEIGHT * traces) heapAtHeight = liveHeapBytes();
        },
      });
      const last = trace.hops.at(-1)?.firstReply?.responder ?? -1;
      return last >= 0 && addresses.textOf(last) === destination.join('.');
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

function openStation() {
  const plan = planNetwork(parseScenario(SCENARIO), { family: 4 });
  const isTarget = (address: Uint8Array): boolean => address[0] === 203;
  const link = new SimulatedLink(plan, { isTarget, inFlightMax: 1e6 });
  const source = parseIpAddress(plan.source[4]) ?? new Uint8Array();
  const random = new Random(1);
  const addresses = new AddressBook();
  const engine = new ProbeEngine(
    {
      source,
      destination: source,
      destinationPort: 0,
      tos: 0,
      flows: [],
      tokenKey: Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32()),
      rates: { perInterface: 1e6, total: 1e6 },
      random,
      addresses,
    },
    { replied() {}, repliedLate() {}, lost() {}, unsent() {} },
  );
  const station = new TraceStation({
    engine,
    link,
    timeline: new VirtualTimeline(),
    addresses,
    rung: 'simulated',
    notes: [],
    counters: () => link.counters(),
    close: () => link.close(),
  });
  return { station, engine, addresses, source };
}

/** With a garbage collection before, where that is permitted. */
function liveHeapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
