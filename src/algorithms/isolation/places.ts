/** Explanations of the path graph as places that a person can go to: with addresses. */

import type { AddressBook } from '../../model/address-book.ts';
import type { Place, UntestableLink } from '../../model/verdict.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { PathGraph, Vertex } from '../localisation/path-graph.ts';

export interface PlaceNames {
  readonly graph: PathGraph;
  readonly addresses: AddressBook;
  /** Address of the source. */
  readonly source: string;
}

/** The place that an explanation names; undefined for a responder, which is none. */
export function placeOf(explanation: Explanation, names: PlaceNames): Place | undefined {
  const { graph, addresses } = names;
  switch (explanation.kind) {
    case 'link': {
      const nears = explanation.nears.flatMap(
        (near) => addressOf(graph.vertices[near], names) ?? [],
      );
      return {
        kind: 'link',
        near: nears[0] ?? null,
        far: addressOf(graph.vertices[explanation.far], names),
        addresses: nears.length > 1 ? nears : [],
      };
    }
    case 'node': {
      const interfaces = explanation.interfaces.flatMap(
        (vertex) => addressOf(graph.vertices[vertex], names) ?? [],
      );
      return { kind: 'node', near: null, far: null, addresses: interfaces };
    }
    case 'target': {
      const target = graph.vertices.find(({ kind }) => kind === 'target');
      const address = target?.kind === 'target' ? [addresses.textOf(target.address)] : [];
      return { kind: 'node', near: null, far: null, addresses: address };
    }
    case 'responder':
      return undefined;
  }
}

/** The TTL of a node, or of the far end of a link. */
export function ttlOf(explanation: Explanation, { graph }: PlaceNames): number {
  if (explanation.kind === 'node') return explanation.ttl;
  const vertex =
    explanation.kind === 'link'
      ? graph.vertices[explanation.far]
      : graph.vertices.find(({ kind }) => kind === 'target');
  return vertex === undefined || vertex.kind === 'source' ? 0 : vertex.ttl;
}

/** The links among explanations whose loss would show nowhere. */
export function untestableLinks(
  explanations: readonly Explanation[],
  names: PlaceNames,
): UntestableLink[] {
  return explanations.flatMap((explanation) => {
    const place = placeOf(explanation, names);
    if (place?.kind !== 'link') return [];
    const why = names.graph.isTargetReached ? 'limited' : 'unanswering-target';
    return [{ near: place.near, far: place.far, why } as const];
  });
}

function addressOf(
  vertex: Vertex | undefined,
  { graph, addresses, source }: PlaceNames,
): string | null {
  if (vertex === undefined) return null;
  if (vertex.kind === 'source') return graph.minTtl === 1 ? source : null;
  return vertex.kind === 'interface' || vertex.kind === 'target'
    ? addresses.textOf(vertex.address)
    : null;
}
