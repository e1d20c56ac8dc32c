/** How long one inference takes: of 256 long flows, and of 10,000. */

import { localise } from '../../src/algorithms/localisation/localise.ts';
import { Random } from '../../src/lib/random.ts';
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

/** Median over a few worlds with one lossy link each; the first inference is not counted. */
export function speedGoals(): Goal[] {
  return SIZES.map(({ text, flows, ttls, goalMs }) => {
    const times = Array.from({ length: WORLDS + 1 }, (_, seed) => {
      const world = drawSpeedWorld({ flows, ttls }, seed + 1);
      const counts = sampleCounts(world, { random: new Random(seed) });
      const startMs = performance.now();
      localise(counts, { minLoss: MIN_LOSS, confidence: CONFIDENCE });
      return performance.now() - startMs;
    });
    const value = medianOf(times.slice(1));
    return {
      text: `ms for ${text}`,
      value,
      bound: goalMs,
      sense: 'at most',
      isMet: value <= goalMs,
    };
  });
}
