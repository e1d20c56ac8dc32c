/**
 * A thousand searches for every path in one process, to as many targets of a simulated fabric, as
 * many at a time as the library lets run: whether each graph is right, how fast the router that all
 * pass is asked, and how much memory it takes at its worst.
 *
 *   node --expose-gc bench/run.mjs paths-concurrency [TARGETS]
 */

import pLimit from 'p-limit';
import { pathNumbers } from '../src/algorithms/multipath/path-numbers.ts';
import { placesOf } from '../src/algorithms/multipath/places.ts';
import { SEARCHES_AT_ONCE } from '../src/runtime/paths/paths.ts';
import { completePathsOptions } from '../src/runtime/paths/paths-options.ts';
import { PathsStation } from '../src/runtime/paths/paths-station.ts';
import { openManyTraces, tellingTtls } from '../test/support/many-traces.ts';
import { FigureList, liveHeapBytes } from './measured-cost.ts';

const TARGETS_DEFAULT = 1000;
const WIDTHS = [1, 4, 4, 1];
/** Every way from one of the first four routers to one of the second four. */
const PATHS = 16;
const RATE = 100;
/** A few round trips to the first router: until then nobody knows that all share it. */
const KNOWN_US = 50_000;
const SECOND_US = 1e6;
/** Of a search with its flows in the engine; some 400 flows and 1,000 probes each. */
const HEAP_GOAL_MIB = 1;
/** For as many as run at a time, however many targets there are. */
const RSS_GOAL_MIB = 512;
/** Searches that end between two looks at the heap. */
const LOOK_EVERY = 25;
const MIB = 2 ** 20;

interface Outcome {
  readonly wrong: number;
  readonly firstHop: readonly number[];
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** Prints a line for each figure. @returns the exit status: 1 when a goal was missed */
export async function main([count = String(TARGETS_DEFAULT)]: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const { wrong, firstHop, heapBytes, rssBytes } = await searchAll(Number(count));
  console.log(`${count} targets in ${Math.round(performance.now() - startedMs)} ms`);
  const figures = new FigureList();
  const atMost = (what: string, value: number, goal: number, unit = ''): void =>
    figures.add({ what, value, unit, goal, isGoalMost: true });
  atMost('graphs that are wrong', wrong, 0);
  atMost(
    'probes in a second to the router that all pass',
    mostInASecond(firstHop),
    1.25 * RATE + 1,
  );
  const each = heapBytes / MIB / SEARCHES_AT_ONCE;
  atMost(`live heap of each of ${SEARCHES_AT_ONCE} searches`, each, HEAP_GOAL_MIB, 'MiB');
  atMost('resident memory', rssBytes / MIB, RSS_GOAL_MIB, 'MiB');
  return figures.missed === 0 ? 0 : 1;
}

async function searchAll(targets: number): Promise<Outcome> {
  const firstHop: number[] = [];
  const rates = { perInterface: RATE, total: 100_000 };
  const many = openManyTraces({ widths: WIDTHS, rates }, (link) =>
    tellingTtls(link, (ttl, nowUs) => {
      if (ttl === 1) firstHop.push(nowUs);
    }),
  );
  const station = new PathsStation(many.station.parts);
  const options = completePathsOptions({
    confidence: 1 - 1e-5,
    confidenceOf: 'balancer',
    maxTimeMs: 86.4e6,
    seed: 1,
  });
  const limit = pLimit(SEARCHES_AT_ONCE);
  let [over, wrong, heapBytes, rssBytes] = [0, 0, 0, 0];
  const before = liveHeapBytes();
  const search = async (n: number): Promise<void> => {
    const { discovery } = await station.run(many.searchTo(n, options));
    const { found, broken } = pathNumbers(placesOf(discovery.graph(), discovery.observations));
    if (discovery.end !== 'complete' || found !== PATHS || broken > 0) wrong++;
    over++;
    rssBytes = Math.max(rssBytes, process.memoryUsage().rss);
    if (over % LOOK_EVERY === 0) heapBytes = Math.max(heapBytes, liveHeapBytes() - before);
  };
  await Promise.all(Array.from({ length: targets }, (_, n) => limit(() => search(n))));
  return { wrong, firstHop, heapBytes, rssBytes };
}

function mostInASecond(timesUs: readonly number[]): number {
  const settled = timesUs.filter((atUs) => atUs >= KNOWN_US);
  let [first, most] = [0, 0];
  for (const [last, atUs] of settled.entries()) {
    while (atUs - (settled[first] ?? 0) > SECOND_US) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
