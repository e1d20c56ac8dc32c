import { describe, expect, test } from 'vitest';
import { binomial, drawn, fabricPaths, type Hop } from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import { candidatesOf } from './candidates.ts';
import { penaltyOf } from './hypothesis.ts';
import { buildPathGraph } from './path-graph.ts';
import { Selection } from './selection.ts';

const PATHS = fabricPaths([1, 4, 4, 1], 64);
const ERROR = 0.05;

function selectionOf(counts: PathCounts): Selection {
  const graph = buildPathGraph(counts);
  return new Selection(graph, candidatesOf(graph), ERROR);
}

/** Counts of a fabric in which anything may lose, and anyone may limit. */
function tangled(seed: number): PathCounts {
  const random = new Random(seed);
  const ratio = () => (random.below(6) === 0 ? random.unit() * 0.3 : 0);
  const [losses, limits] = [new Map<string, number>(), new Map<Hop, number>()];
  const memo = <Key>(map: Map<Key, number>, key: Key) => {
    const known = map.get(key) ?? ratio();
    map.set(key, known);
    return known;
  };
  return drawn(PATHS, {
    random,
    sent: 10 + binomial(random, 40, 0.5),
    passes: (path, position) => 1 - memo(losses, `${path[position - 1]} ${path[position]}`),
    answers: (path, position) => 1 - memo(limits, path[position] ?? '*'),
  });
}

describe('the search', () => {
  const WORLDS = [...new Array(12).keys()];

  test.each(WORLDS)('ends no worse than any one candidate alone (world %i)', (seed) => {
    const searched = selectionOf(tangled(seed));
    searched.run();
    // On the same background, which the search learns.
    const fresh = selectionOf(tangled(seed));
    const alone = fresh.belief.prospects().map(({ score }) => score);
    const gained = searched.belief.objective() - fresh.belief.objective();
    expect(gained).toBeGreaterThanOrEqual(Math.max(0, ...alone) - 0.2);
  });

  test.each(WORLDS)('keeps only what pays for itself (world %i)', (seed) => {
    const selection = selectionOf(tangled(seed));
    selection.run();
    for (const term of [...selection.belief.active]) {
      if (term.members !== undefined) continue;
      const { gain, theta } = selection.belief.without(term, () =>
        selection.belief.model.fit(term.coverage),
      );
      expect(gain - penaltyOf(term, theta)).toBeGreaterThan(-0.2);
    }
  });

  test.each(WORLDS)('leaves nothing that could be put better (world %i)', (seed) => {
    const selection = selectionOf(tangled(seed));
    selection.run();
    const best = selection.belief.objective();
    for (const term of [...selection.belief.active]) {
      if (term.candidate.isNuisance) continue;
      const rivals = selection.belief.without(term, () => selection.belief.prospects());
      const [first] = rivals.sort((a, b) => b.score - a.score);
      if (first === undefined) continue;
      expect(selection.objectiveInstead(term, first)).toBeLessThan(best + 0.5);
    }
  });

  test.each(WORLDS)('puts a candidate back as it was (world %i)', (seed) => {
    const selection = selectionOf(tangled(seed));
    selection.run();
    const before = selection.belief.objective();
    for (const term of [...selection.belief.active]) {
      const { theta } = term.coverage;
      selection.belief.without(term, () => expect(term.coverage.theta).toBe(0));
      expect(term.coverage.theta).toBe(theta);
      selection.objectiveInstead(term, undefined);
    }
    expect(selection.belief.objective()).toBeCloseTo(before, 6);
  });
});
