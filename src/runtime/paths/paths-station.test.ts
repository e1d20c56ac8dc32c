import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { openManyTraces, tellingTtls } from '../../../test/support/many-traces.ts';
import { pathNumbers } from '../../algorithms/multipath/path-numbers.ts';
import { placesOf } from '../../algorithms/multipath/places.ts';
import { SEARCHES_AT_ONCE } from './paths.ts';
import { completePathsOptions } from './paths-options.ts';
import { PathsStation } from './paths-station.ts';

const TARGETS = 400;
/** Work in virtual time takes what the machine lets it: this only ends what hangs. */
const HANG_MS = 600_000;
const SEED = 11;
const WIDTHS = [1, 2, 1];
const RATE = 100;
/** A few round trips to the first router. */
const KNOWN_US = 50_000;
const SECOND = 1e6;

test(
  `${TARGETS} targets at once: every graph is right, and the first hop is spared`,
  async () => {
    const rates = { perInterface: RATE, total: 100_000 };
    const firstHop: number[] = [];
    const many = openManyTraces({ widths: WIDTHS, rates }, (link) =>
      tellingTtls(link, (ttl, nowUs) => {
        if (ttl === 1) firstHop.push(nowUs);
      }),
    );
    const { engine } = many;
    const station = new PathsStation(many.station.parts);
    // A miss once in 100,000 balancers: a graph that is wrong is a bug.
    const options = completePathsOptions({
      confidence: 1 - 1e-5,
      confidenceOf: 'balancer',
      maxTimeMs: 86.4e6,
      seed: SEED,
    });
    const limit = pLimit(SEARCHES_AT_ONCE);
    let most = 0;
    const searches = Array.from({ length: TARGETS }, (_, n) =>
      limit(async () => {
        most = Math.max(most, limit.activeCount);
        const { discovery } = await station.run(many.searchTo(n, options));
        const places = placesOf(discovery.graph(), discovery.observations);
        const widths = [0, 1, 2, 3, 4].map(
          (ttl) => places.places.filter((place) => place.ttl === ttl).length,
        );
        const [end = -1] = places.places.at(-1)?.members ?? [];
        return {
          reason: discovery.end,
          widths,
          isTarget: many.isTarget(n, end),
          paths: pathNumbers(places).found,
        };
      }),
    );
    const results = await Promise.all(searches);
    const expected = results.map(() => ({
      reason: 'complete',
      widths: [1, 1, 2, 2, 1],
      isTarget: true,
      paths: 2,
    }));
    expect(results).toEqual(expected);
    expect(most).toBeLessThanOrEqual(SEARCHES_AT_ONCE);
    expect(engine.counters).toMatchObject({ foreignReplies: 0, malformed: 0, secondaryMatches: 0 });
    // Once it is known that all share it, the first router is asked no faster than its rate allows,
    // with its ±20 %; before that, each of 64 groups of targets asks for itself.
    expect(firstHop.filter((atUs) => atUs < KNOWN_US).length).toBeLessThan(3 * 64);
    const settled = firstHop.filter((atUs) => atUs >= KNOWN_US);
    let first = 0;
    for (const [last, atUs] of settled.entries()) {
      while (atUs - (settled[first] ?? 0) > SECOND) first++;
      expect(last - first + 1).toBeLessThanOrEqual(1.25 * RATE + 1);
    }
  },
  HANG_MS,
);
