/**
 * `fantrace watch` under load, on kernel routers: whether every connection has its file, how soon
 * traces start, how much memory it takes; and whether a kill leaves half a file. Needs root.
 * Usage: node bench/run.mjs watch [CONNECTIONS] [SECONDS] [CLIENTS]
 */

import {
  openWatchLab,
  type WatchFile,
  type WatchLab,
  type WatchRun,
} from '../test/lab/watch-lab.ts';
import { build } from '../tools/build.mjs';

const START = 'fantrace_event_to_trace_start_seconds';
const RSS = 'process_resident_memory_bytes';
const MEBIBYTE = 2 ** 20;
const SAMPLES = 12;

/** Prints a line for each thing that was measured. */
export async function main([
  connections = '2000',
  seconds = '60',
  clients = '200',
]: readonly string[]): Promise<number> {
  if (!build({ ifNeeded: true })) return 1;
  const lab = await openWatchLab(Number(clients));
  try {
    const visits = { connections: Number(connections), durationMs: 1000 * Number(seconds) };
    const isComplete = await load(lab, visits);
    return isComplete ? 0 : 1;
  } finally {
    await lab.close();
  }
}

async function load(
  lab: WatchLab,
  visits: { readonly connections: number; readonly durationMs: number },
): Promise<boolean> {
  const run = await lab.watch([]);
  try {
    const memory: number[] = [];
    const isOver = { value: false };
    const sampling = sample(run, visits.durationMs, memory, isOver);
    const made = await lab.visit(visits);
    isOver.value = true;
    await sampling;
    await run.reaches('fantrace_connections_total{source="netlink"}', visits.connections);
    const median = await medianStartMs(run);
    memory.push((await run.metric(RSS)) / MEBIBYTE);
    const status = await run.stop();
    const files = run.files();
    const wrong = Object.entries(made).filter(
      ([client, count]) =>
        files.filter(({ destination }) => destination === client).length !== count,
    );
    const own = files.filter(({ metadata }) => !metadata.CachedResult);
    const twice = own.length - new Set(own.map(({ destination }) => destination)).size;
    const mixed = files.filter(isMixed);
    console.log(
      [
        `${visits.connections} connections of ${lab.clients.length} clients`,
        `${files.length} files, ${new Set(files.map(({ metadata }) => metadata.UUID)).size} UUIDs`,
        `${wrong.length} clients with another number of files than connections`,
        `${own.length} traces, ${twice} of them within the cache age of another`,
        `${mixed.length} files with another result than that of their CachedUUID`,
        `event to trace start: median at most ${median} ms`,
        `memory: ${memory.map((mib) => Math.round(mib)).join(', ')} MiB`,
        `exit status ${status}`,
      ].join('\n'),
    );
    return wrong.length === 0 && twice === 0 && mixed.length === 0;
  } finally {
    run.remove();
  }

  /** Whether it is not to the letter the result that it says it is. */
  function isMixed({ metadata, result, destination }: WatchFile): boolean {
    return JSON.stringify(result).length === 0 || destination !== result['dst'] || !metadata.UUID;
  }
}

/** Looks at the memory a few times over the run. */
async function sample(
  run: WatchRun,
  durationMs: number,
  into: number[],
  isOver: { readonly value: boolean },
): Promise<void> {
  for (let i = 0; i < SAMPLES && !isOver.value; i++) {
    into.push((await run.metric(RSS)) / MEBIBYTE);
    await new Promise((resolve) => setTimeout(resolve, durationMs / SAMPLES));
  }
}

/** The upper bound of the bucket that has the median. */
async function medianStartMs(run: WatchRun): Promise<number> {
  const count = await run.metric(`${START}_count`);
  for (const bound of [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]) {
    if ((await run.metric(`${START}_bucket{le="${bound}"}`)) >= count / 2) return 1000 * bound;
  }
  return Number.POSITIVE_INFINITY;
}
