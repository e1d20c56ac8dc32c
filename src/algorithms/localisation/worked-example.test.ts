/**
 * The example of `docs/how-the-verdict-is-made.md`: the numbers in that text are those that the
 * code gives.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { drawn, fabricPaths, type Hop } from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import { candidatesOf, type Explanation } from './candidates.ts';
import { localise } from './localise.ts';
import { buildPathGraph, type PathGraph } from './path-graph.ts';
import { Selection } from './selection.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };

/** Four routers, then four, between one at either end; 201 → 302 loses 5 %, 303 answers 60 %. */
const counts = drawn(fabricPaths([1, 4, 4, 1], 64), {
  random: new Random(7),
  sent: 40,
  passes: (path: readonly Hop[], position) =>
    path[position - 1] === 201 && path[position] === 302 ? 0.95 : 1 - 2e-5,
  answers: (path: readonly Hop[], position) => (path[position] === 303 ? 0.6 : 1),
});

const text = readFileSync(
  new URL('../../../docs/how-the-verdict-is-made.md', import.meta.url),
  'utf8',
);
const found = localise(counts, OPTIONS);
const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;

function nameOf(explanation: Explanation, { vertices }: PathGraph): string {
  const name = (id: number): string => {
    const vertex = vertices[id];
    return vertex?.kind === 'interface' ? `${vertex.address}` : (vertex?.kind ?? '?');
  };
  if (explanation.kind === 'link')
    return `link ${name(explanation.nears[0] ?? -1)} → ${name(explanation.far)}`;
  return explanation.kind === 'node'
    ? `router ${name(explanation.interfaces[0] ?? -1)}`
    : explanation.kind;
}

/** The candidates of the first step, as rows of the table. */
function firstScores(): string[] {
  const graph = buildPathGraph(counts);
  const { belief } = new Selection(graph, candidatesOf(graph), 1 - OPTIONS.confidence);
  return belief
    .prospects()
    .sort((a, b) => b.score - a.score)
    .slice(0, 5)
    .map(({ term, theta, score, mixture }) => {
      const { gain } = belief.model.fit(term.coverage);
      const [first] = term.candidate.explanations as [Explanation];
      const name = first.kind === 'responder' ? 'limit of 303' : nameOf(first, graph);
      const kind = mixture === undefined ? '' : ', some flows';
      const loss = percent(-Math.expm1(theta));
      const penalty = (mixture?.gain ?? gain) - score;
      const nats = [mixture?.gain ?? gain, penalty, score].map((value) => value.toFixed(1));
      return `| ${name}${kind} | ${loss} | ${nats.join(' | ')} |`;
    });
}

describe('the worked example', () => {
  test.each(firstScores())('has the row %s', (row) => {
    expect(text).toContain(row);
  });

  test('ends with the link, its loss and the limit', () => {
    const [loss] = found.losses;
    if (loss === undefined) throw new Error('nothing found');
    const [low, high] = loss.lossInterval;
    const name = nameOf(loss.explanations[0] as Explanation, found.graph);
    const interval = `between ${percent(low)} and ${percent(high)}`;
    const sentence = `${name} loses ${percent(loss.lossRatio)}, ${interval}`;
    expect(text).toContain(sentence);
    expect(text).toContain(`probability ${Number(loss.probability.toFixed(3))}`);
    expect(text).toContain(`direction: ${loss.direction}`);
    expect(text).toContain(`answers ${percent(found.limited[0]?.answerRatio ?? 1)}`);
    expect(text).toContain(`${loss.probesLost} of ${loss.probesAcross} probes lost`);
  });
});
