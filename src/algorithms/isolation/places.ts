/** Explanations of the path graph as places that a person can go to: with addresses. */

import type { AddressBook } from '../../model/address-book.ts';
import type { Place, UntestableLink } from '../../model/verdict.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { UntestablePlace } from '../localisation/exclusion.ts';
import type { PathGraph, Vertex } from '../localisation/path-graph.ts';

export interface PlaceNames {
  readonly graph: PathGraph;
  readonly addresses: AddressBook;
  /** Address of the source. */
  readonly source: string;
  /** All interfaces for which one address stands, where a balancer sprays packets over them. */
  readonly clumps?: ReadonlyMap<number, readonly { readonly address: number }[]>;
  /** Interfaces that send packets back, and to whom. */
  readonly loops?: ReadonlyMap<number, number>;
}

/** The place that an explanation names; undefined for a responder, which is none. */
export function placeOf(explanation: Explanation, names: PlaceNames): Place | undefined {
  const { graph, addresses } = names;
  switch (explanation.kind) {
    case 'link': {
      const nears = explanation.nears.flatMap((near) => addressesOf(graph.vertices[near], names));
      return {
        kind: 'link',
        near: nears[0] ?? null,
        far: addressesOf(graph.vertices[explanation.far], names)[0] ?? loopedTo(explanation, names),
        addresses: nears.length > 1 ? nears : [],
      };
    }
    case 'before': {
      const [far = null] =
        explanation.far === undefined ? [] : addressesOf(graph.vertices[explanation.far], names);
      return { kind: 'link', near: null, far, addresses: [], beforeTtl: graph.minTtl };
    }
    case 'node': {
      const interfaces = explanation.interfaces.flatMap((vertex) =>
        addressesOf(graph.vertices[vertex], names),
      );
      return { kind: 'node', near: null, far: null, addresses: interfaces };
    }
    case 'target': {
      const target = targetVertex(explanation, graph);
      const address = target?.kind === 'target' ? [addresses.textOf(target.address)] : [];
      return { kind: 'node', near: null, far: null, addresses: address };
    }
    case 'responder':
      return undefined;
  }
}

/** The target that an explanation means: the only one, unless it says which. */
function targetVertex(explanation: Explanation, { vertices }: PathGraph): Vertex | undefined {
  const named = explanation.kind === 'target' ? explanation.vertex : undefined;
  return named === undefined ? vertices.find(({ kind }) => kind === 'target') : vertices[named];
}

/** The TTL of a node, or of the far end of a link. */
export function ttlOf(explanation: Explanation, { graph }: Pick<PlaceNames, 'graph'>): number {
  if (explanation.kind === 'node') return explanation.ttl;
  if (explanation.kind === 'before') return graph.minTtl;
  const vertex =
    explanation.kind === 'link'
      ? graph.vertices[explanation.far]
      : targetVertex(explanation, graph);
  return vertex === undefined || vertex.kind === 'source' ? 0 : vertex.ttl;
}

/** The links among places whose loss would show nowhere. */
export function untestableLinks(
  untestable: readonly UntestablePlace[],
  names: PlaceNames,
): UntestableLink[] {
  return untestable.flatMap(({ explanation, why }) => {
    const place = placeOf(explanation, names);
    return place?.kind === 'link' ? [{ near: place.near, far: place.far, why }] : [];
  });
}

/** The routers that send packets back, among the explanations of one loss. */
export function loopingRouters(explanations: readonly Explanation[], names: PlaceNames): Place[] {
  return explanations.flatMap((explanation) => {
    if (explanation.kind !== 'link' || loopedTo(explanation, names) === null) return [];
    const addresses = explanation.nears.flatMap((near) =>
      addressesOf(names.graph.vertices[near], names),
    );
    return [{ kind: 'node', near: null, far: null, addresses } as const];
  });
}

/** Where a link whose far end lets nothing through leads to, if packets come back over it. */
function loopedTo(
  { nears, far }: Extract<Explanation, { kind: 'link' }>,
  { graph, addresses, loops }: PlaceNames,
): string | null {
  if (graph.vertices[far]?.kind !== 'unseen') return null;
  for (const near of nears) {
    const vertex = graph.vertices[near];
    const next = vertex?.kind === 'interface' ? loops?.get(vertex.address) : undefined;
    if (next !== undefined) return addresses.textOf(next);
  }
  return null;
}

function addressesOf(
  vertex: Vertex | undefined,
  { addresses, source, clumps }: PlaceNames,
): string[] {
  if (vertex === undefined) return [];
  if (vertex.kind === 'source') return [source];
  if (vertex.kind !== 'interface' && vertex.kind !== 'target') return [];
  const members = clumps?.get(vertex.address) ?? [{ address: vertex.address }];
  return members.map(({ address }) => addresses.textOf(address));
}
