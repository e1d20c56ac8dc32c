/** Interfaces that answer less than they are asked, as the limits that are believed in say. */

import type { Belief } from './belief.ts';
import { type PathGraph, SOURCE_VERTEX } from './path-graph.ts';

/** An interface that answers less than it was asked. */
export interface LimitedResponder {
  readonly vertex: number;
  /** Share of its probes that it answers. */
  readonly answerRatio: number;
  /** Probes that it was sent. */
  readonly sent: number;
}

/** What each interface answers of what it was asked, where a limit explains that. */
export function limitedResponders(graph: PathGraph, { active }: Belief): LimitedResponder[] {
  const thetas = new Map<number, number>();
  for (const { candidate, coverage } of active) {
    if (!candidate.isNuisance) continue;
    for (const cell of coverage.cells) {
      thetas.set(cell, (thetas.get(cell) ?? 0) + coverage.theta);
    }
  }
  const tallies = new Map<number, { expected: number; sent: number }>();
  for (const { vertices, cells } of graph.classes) {
    for (const [position, cell] of cells.entries()) {
      const theta = thetas.get(cell);
      if (theta === undefined) continue;
      const vertex = vertices[position] ?? SOURCE_VERTEX;
      const tally = tallies.get(vertex) ?? { expected: 0, sent: 0 };
      const sent = graph.cells[cell]?.sent ?? 0;
      tally.sent += sent;
      tally.expected += sent * Math.exp(theta);
      tallies.set(vertex, tally);
    }
  }
  const believed = [...tallies].map(([vertex, { expected, sent }]) => ({
    vertex,
    answerRatio: sent === 0 ? 1 : expected / sent,
    sent,
  }));
  return [...believed, ...deafResponders(graph)];
}

function deafResponders({ vertices, deaf }: PathGraph): LimitedResponder[] {
  return vertices.flatMap((vertex, id) => {
    const known = vertex.kind === 'interface' ? deaf.get(vertex.address) : undefined;
    return known === undefined ? [] : [{ vertex: id, ...known }];
  });
}
