/** Counts of flows written by hand or drawn at random, for the algorithms that read them. */

import type { Random } from '../../src/lib/random.ts';
import { type FlowCounts, type PathCounts, STAR } from '../../src/model/path-counts.ts';

/** Address index of the target in all counts made here. */
export const TARGET_ADDRESS = 1000;

/** A hop: address index, `*` for nobody, `T` for the target. */
export type Hop = number | '*' | 'T';

/** One flow whose every hop was asked `sent` times, and answered as often unless told otherwise. */
export function flowOf(path: readonly Hop[], sent = 10, received?: readonly number[]): FlowCounts {
  const responders = path.map((hop) => (hop === '*' ? STAR : hop === 'T' ? TARGET_ADDRESS : hop));
  const answered = responders.map((responder) => (responder === STAR ? 0 : sent));
  return {
    responders,
    sent: path.map(() => sent),
    received: received ?? answered,
    isReached: path.at(-1) === 'T',
    answeredLate: 0,
  };
}

/** Flows that start at TTL 1. */
export function countsOf(flows: readonly FlowCounts[]): PathCounts {
  return { minTtl: 1, target: TARGET_ADDRESS, flows };
}

/** What loses: the probability that a probe on this path passes position after position. */
export type Survival = (path: readonly Hop[], position: number) => number;

/** Draws the answers of flows; `answer` is what a hop sends back of what reaches it. */
export function drawn(
  paths: readonly (readonly Hop[])[],
  {
    random,
    sent,
    passes,
    answers = () => 1,
  }: {
    readonly random: Random;
    readonly sent: number;
    /** Chance to come from one position to the next: from position − 1 to this one. */
    readonly passes: Survival;
    /** Chance that who is reached answers. */
    readonly answers?: Survival;
  },
): PathCounts {
  return countsOf(
    paths.map((path) => {
      let reach = 1;
      const received = path.map((_, position) => {
        reach *= passes(path, position);
        return binomial(random, sent, reach * answers(path, position));
      });
      return flowOf(path, sent, received);
    }),
  );
}

/** How many of some trials succeed. */
export function binomial(random: Random, trials: number, probability: number): number {
  let hits = 0;
  for (let i = 0; i < trials; i++) if (random.unit() < probability) hits++;
  return hits;
}

/**
 * Flows over a fabric of these widths, in turn over all paths. Interface 100·layer + router answers
 * for a router, as where routers answer from one address of their own.
 */
export function fabricPaths(widths: readonly number[], flows: number): Hop[][] {
  return Array.from({ length: flows }, (_, flow) => {
    let rest = flow;
    const path: Hop[] = widths.map((width, layer) => {
      const router = rest % width;
      rest = Math.floor(rest / width);
      return 100 * (layer + 1) + router;
    });
    return [...path, 'T'];
  });
}

/**
 * The same fabric where each router answers from the interface that the probe came in by: layer,
 * router and the router before are the digits of the address index.
 */
export function ingressPaths(widths: readonly number[], flows: number): Hop[][] {
  return fabricPaths(widths, flows).map((path) =>
    path.map((hop, position) => {
      const before = path[position - 1];
      return typeof hop === 'number' && typeof before === 'number'
        ? 10 * hop + (before % 100)
        : hop;
    }),
  );
}
