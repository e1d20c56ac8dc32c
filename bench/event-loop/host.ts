/**
 * A host program that probes at a rate, and how long its event loop keeps others waiting meanwhile,
 * for `event-loop-delay`. Runs in the network namespace that it was started in and prints one JSON
 * line.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { parseIpAddress } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import { AddressBook } from '../../src/model/address-book.ts';
import { isReply, type TraceRecord } from '../../src/model/trace-record.ts';
import { ProbeEngine } from '../../src/probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../../src/probing/probe-token.ts';
import { openRawLink } from '../../src/runtime/links/raw-link.ts';
import { runProbing } from '../../src/runtime/run-loop.ts';
import { HostTimeline } from '../../src/runtime/timeline.ts';
import { trace } from '../../src/runtime/trace/trace.ts';
import { OwnWork, type Turns } from './own-work.ts';

/** What the host did, and how long others had to wait for it. */
export interface HostOutcome extends Turns {
  readonly probes: number;
  readonly replies: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Task {
  readonly rate: number;
  readonly seconds: number;
  readonly source: string;
  readonly destination: string;
}

interface Probed {
  readonly probes: number;
  readonly replies: number;
}

/** Of the timer that is kept waiting: what it waits beyond this is somebody else's doing. */
const RESOLUTION_MS = 1;
const FIRST_PORT = 32_768;
const FLOWS = 64;
const QUEUED = 1024;
const WARM_UP_SECONDS = 1;
const QUERIES = 100;
/** Traces under way: enough for the pace to be the limit. */
const AT_ONCE = 64;

const WAYS: Readonly<Record<string, (task: Task) => Promise<Probed>>> = {
  idle: async ({ seconds }) => {
    await setTimeout(1000 * seconds);
    return { probes: 0, replies: 0 };
  },
  'spinning-worker': runSpinningWorker,
  engine: runEngine,
  traces: (task) => runTraces(task, 'caller'),
  'traces-in-worker': (task) => runTraces(task, 'worker'),
};

/** @returns the exit status */
export async function main(argv: readonly string[]): Promise<number> {
  const [way = '', rate, seconds, source = '', destination = ''] = argv;
  const task = { rate: Number(rate), seconds: Number(seconds), source, destination };
  const run = WAYS[way];
  if (run === undefined) throw new RangeError(`${way} is no way to probe`);
  await run({ ...task, seconds: WARM_UP_SECONDS });
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const own = new OwnWork();
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const probed = await run(task);
  const { user, system } = process.cpuUsage(before);
  const elapsed = (performance.now() - startedMs) / 1000;
  delays.disable();
  const waited = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  const outcome: HostOutcome = {
    ...probed,
    seconds: elapsed,
    processorSeconds: (user + system) / 1e6,
    p50Ms: waited(delays.percentile(50)),
    p99Ms: waited(delays.percentile(99)),
    maxMs: waited(delays.max),
    ...own.end(),
  };
  console.log(JSON.stringify(outcome));
  return 0;
}

/** As busy as a worker that probes, without a word to the host. */
const SPIN = `
  const never = new Int32Array(new SharedArrayBuffer(4));
  const turn = () => {
    for (const start = performance.now(); performance.now() - start < 0.9; );
    Atomics.wait(never, 0, 0, 0.1);
    setImmediate(turn);
  };
  turn();
`;
/** As long as the host takes for a record of a hundred replies, and as often as one comes. */
const RECORD_MS = 0.34;
const RECORD_EVERY_MS = 1.4;

/** A host and a worker that share nothing but the processors: what is waited is the scheduler's. */
async function runSpinningWorker({ seconds }: Task): Promise<Probed> {
  const worker = new Worker(SPIN, { eval: true });
  const work = setInterval(() => {
    for (const start = performance.now(); performance.now() - start < RECORD_MS; );
  }, RECORD_EVERY_MS);
  await setTimeout(1000 * seconds);
  clearInterval(work);
  await worker.terminate();
  return { probes: 0, replies: 0 };
}

/** The run loop over the engine, with nothing above it. */
async function runEngine({ rate, seconds, source, destination }: Task): Promise<Probed> {
  const ends = { source: bytesOf(source), destination: bytesOf(destination), destinationPort: 443 };
  const timeline = new HostTimeline();
  const link = openRawLink({
    family: 4,
    source: ends.source,
    ports: { low: FIRST_PORT, high: FIRST_PORT + FLOWS - 1 },
    onReadable: () => timeline.wake(),
  });
  let replies = 0;
  const sink = { replied: () => replies++, repliedLate() {}, lost() {}, unsent() {} };
  const random = new Random(1);
  const engine = new ProbeEngine(
    {
      ...ends,
      tos: 0,
      flows: Array.from({ length: FLOWS }, (_, i) => ({
        sourcePort: FIRST_PORT + i,
        flowLabel: 0,
      })),
      tokenKey: Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32()),
      rates: { perInterface: 1e9, total: rate },
      random,
      addresses: new AddressBook(),
    },
    sink,
  );
  const endUs = timeline.nowUs() + 1e6 * seconds;
  let ordered = 0;
  try {
    await runProbing({
      engine,
      link,
      timeline,
      advance: (nowUs) => {
        while (engine.queued < QUEUED) engine.order(ordered++ % FLOWS, 1, 0);
        return Math.max(nowUs, endUs);
      },
      isDone: () => timeline.nowUs() >= endUs,
    });
    return { probes: engine.counters.probesSent, replies };
  } finally {
    link.close();
  }
}

/** Calls of the library, with their records. */
async function runTraces(
  { rate, seconds, destination }: Task,
  thread: 'caller' | 'worker',
): Promise<Probed> {
  const total = { probes: 0, replies: 0 };
  let left = Math.ceil((rate * seconds) / QUERIES);
  const pace = { rate, ratePerInterface: 1e6 };
  const options = { names: false, queries: QUERIES, maxTtl: 1, ...pace, thread };
  // By a function, which lets go of the record: who waits for the next one would hold on to it.
  const count = ({ hops }: TraceRecord): void => {
    for (const { replies } of hops) {
      total.probes += replies.length;
      total.replies += replies.filter(isReply).length;
    }
  };
  const runSome = async (): Promise<void> => {
    while (left-- > 0) count(await trace(destination, options));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runSome));
  return total;
}

function bytesOf(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new RangeError(`${text} is no address`);
  return bytes;
}
