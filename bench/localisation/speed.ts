/** How long one inference takes: of 256 long flows, and of 10,000. */

import { localise } from '../../src/algorithms/localisation/localise.ts';
import { Random } from '../../src/lib/random.ts';
import type { PathCounts } from '../../src/model/path-counts.ts';
import { medianOf } from './figures.ts';
import type { Goal } from './goals.ts';
import { CONFIDENCE, MIN_LOSS } from './judgement.ts';
import { sampleCounts } from './sampler.ts';
import { drawSpeedWorld } from './world-drawing.ts';

interface Size {
  readonly text: string;
  readonly flows: number;
  readonly ttls: number;
  readonly goalMs: number;
}

const SIZES: readonly Size[] = [
  { text: '256 flows of 30 TTLs', flows: 256, ttls: 30, goalMs: 100 },
  { text: '10,000 flows of 10 TTLs', flows: 10_000, ttls: 10, goalMs: 300 },
];
const WORLDS = 5;

/**
 * Median over a few worlds with one lossy link each. A run infers dozens of times, and what it
 * waits for are the later ones: so each world is inferred once before any is measured.
 */
export function speedGoals(): Goal[] {
  return SIZES.map(({ text, flows, ttls, goalMs }) => {
    const worlds = Array.from({ length: WORLDS }, (_, seed) => {
      const world = drawSpeedWorld({ flows, ttls }, seed + 1);
      return sampleCounts(world, { random: new Random(seed) });
    });
    for (const counts of worlds) millisecondsOf(counts);
    const value = medianOf(worlds.map((counts) => millisecondsOf(counts)));
    return {
      text: `ms for ${text}`,
      value,
      bound: goalMs,
      sense: 'at most',
      isMet: value <= goalMs,
    };
  });
}

function millisecondsOf(counts: PathCounts): number {
  const startMs = performance.now();
  localise(counts, { minLoss: MIN_LOSS, confidence: CONFIDENCE });
  return performance.now() - startMs;
}
