/**
 * `fantrace watch` under load, on kernel routers: whether every connection has its file, how soon
 * traces start, how much memory it takes; and whether a kill leaves half a file. Needs root.
 * Usage: node bench/run.mjs watch [CONNECTIONS] [SECONDS] [CLIENTS]
 *        node bench/run.mjs watch kill [TRACES]
 *        node bench/run.mjs watch beside [DESTINATIONS]   native and scamper-daemon, one router silent
 */

import {
  mixedUp,
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
/** One of those side by side in the fabric of the lab. */
const SILENT = 'r2.0';
const SILENCING =
  'table inet mute { chain out { type filter hook output priority 0; ' +
  'icmp type time-exceeded drop; icmpv6 type time-exceeded drop; }; }';

/** Prints a line for each thing that was measured. */
export async function main(options: readonly string[]): Promise<number> {
  if (!build({ ifNeeded: true })) return 1;
  const [first = '2000', second = first === 'kill' || first === 'beside' ? '500' : '60'] = options;
  const [, , clients = '200'] = options;
  const isLoad = first !== 'kill' && first !== 'beside';
  const lab = await openWatchLab(Number(isLoad ? clients : second));
  try {
    if (first === 'kill') return (await kill(lab)) ? 0 : 1;
    if (first === 'beside') return (await beside(lab)) ? 0 : 1;
    const visits = { connections: Number(first), durationMs: 1000 * Number(second) };
    return (await load(lab, visits)) ? 0 : 1;
  } finally {
    await lab.close();
  }
}

/** Kills the watcher while each client is traced, and has another go on. */
async function kill(lab: WatchLab): Promise<boolean> {
  const connections = lab.clients.length;
  const run = await lab.watch([]);
  try {
    const visiting = lab.visit({ connections, durationMs: 1500 });
    await run.reaches('fantrace_result_files_total', 1);
    const running = await run.metric('traces_in_progress{type="native"}');
    await run.stop('SIGKILL');
    await visiting;
    const before = run.files().length; // throws for half a file
    const again = await lab.watch([], { folder: run.folder });
    await lab.visit({ connections, durationMs: 2000 });
    await again.reaches('fantrace_connections_total{source="netlink"}', connections);
    const status = await again.stop();
    const after = run.files().length;
    console.log(
      [
        `killed with ${running} traces under way and ${before} files: all of them whole`,
        `the next run added ${after - before} files for ${connections} connections, status ${status}`,
      ].join('\n'),
    );
    return after - before === connections;
  } finally {
    run.remove();
  }
}

/** Both tracers on the same destinations, while one of the routers side by side says nothing. */
async function beside(lab: WatchLab): Promise<boolean> {
  const [native, daemon] = [
    await traced(lab, ['--tracer', 'native', '--rate', '20000', '--rate-per-interface', '20000']),
    await traced(lab, ['--tracer', 'scamper-daemon', '--rate', '10000', '--timeout', '20m']),
  ];
  const shared = [...daemon.links].filter((link) => native.links.has(link)).length;
  console.log(
    [
      `native: ${native.files} files, ${native.links.size} links, ${native.seconds.toFixed(1)} s`,
      `scamper-daemon: ${daemon.files} files, ${daemon.links.size} links, ${daemon.seconds.toFixed(1)} s`,
      `native has ${shared} of the ${daemon.links.size} links of scamper-daemon`,
      `throughput: ${(daemon.seconds / native.seconds).toFixed(1)} ×`,
    ].join('\n'),
  );
  return shared >= 0.99 * daemon.links.size && daemon.seconds >= 5 * native.seconds;
}

interface Traced {
  readonly files: number;
  readonly links: ReadonlySet<string>;
  readonly seconds: number;
}

async function traced(lab: WatchLab, flags: readonly string[]): Promise<Traced> {
  const connections = lab.clients.length;
  await lab.lab.exec(SILENT, ['nft', SILENCING]);
  const run = await lab.watch([...flags, '--drain', '20m', '--concurrency', '500']);
  try {
    const startedAt = performance.now();
    await lab.visit({ connections, durationMs: 1000 });
    await run.reaches('fantrace_connections_total{source="netlink"}', connections);
    await run.stop(); // which lets all traces come to their ends
    const seconds = (performance.now() - startedAt) / 1000;
    const files = run.files();
    return { files: files.length, links: new Set(files.flatMap(linksOf)), seconds };
  } finally {
    run.remove();
    await lab.lab.exec(SILENT, ['nft', 'delete', 'table', 'inet', 'mute']);
  }
}

interface Node {
  readonly addr: string;
  readonly links: readonly (readonly { readonly addr: string }[])[];
}

/** Pairs of interfaces at consecutive TTLs, both of which have answered. */
function linksOf({ result }: WatchFile): string[] {
  const nodes = (result['nodes'] ?? []) as readonly Node[];
  return nodes.flatMap(({ addr, links }) =>
    (links[0] ?? []).flatMap((link) =>
      [addr, link.addr].includes('*') ? [] : [`${addr} ${link.addr}`],
    ),
  );
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
    const mixed = mixedUp(files);
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
