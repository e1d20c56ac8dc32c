/**
 * What a localisation names, as things of the world. It names addresses and hops that stay silent;
 * the world knows which cables and routers those are.
 */

import type { Explanation } from '../../src/algorithms/localisation/candidates.ts';
import type { LocatedLoss } from '../../src/algorithms/localisation/localise.ts';
import {
  type PathGraph,
  SOURCE_VERTEX,
  type Vertex,
} from '../../src/algorithms/localisation/path-graph.ts';
import { keyOf, type Nameable } from './truth.ts';
import type { World, WorldFlow } from './world.ts';

export interface NamingContext {
  readonly world: World;
  readonly graph: PathGraph;
}

/**
 * Everything that an explanation may mean. More than one thing only where it speaks of a hop that
 * has no address; else a name that fits several things is none.
 */
export function meaningOf(
  explanation: Explanation,
  loss: Pick<LocatedLoss, 'flowsAcross'>,
  context: NamingContext,
): readonly Nameable[] {
  switch (explanation.kind) {
    case 'link':
      return linksMeant(explanation, loss, context);
    case 'node':
      return explanation.interfaces.length > 0
        ? routersMeant(explanation.interfaces, context)
        : silentRoutersMeant(explanation.ttl, loss, context);
    case 'target':
      return [{ kind: 'target' }];
    case 'responder':
    case 'before':
      return [];
  }
}

function linksMeant(
  { nears, far }: Extract<Explanation, { kind: 'link' }>,
  { flowsAcross }: Pick<LocatedLoss, 'flowsAcross'>,
  context: NamingContext,
): readonly Nameable[] {
  const { world, graph } = context;
  const across = new Set(flowsAcross);
  const kindOf = (vertex: number): Vertex['kind'] => graph.vertices[vertex]?.kind ?? 'source';
  const isSame = (a: number, b: number): boolean =>
    a === b || (isNameless(kindOf(a)) && kindOf(a) === kindOf(b));
  // Flows that end behind a silent hop show no trace of it either.
  const isOutOfSight = kindOf(far) === 'unseen' && nears.some((near) => kindOf(near) === 'silent');
  const crossings = crossingsWhere(
    context,
    (before, vertex) =>
      isSame(vertex, far) && (isOutOfSight || nears.some((near) => isSame(before, near))),
  ).filter(({ index }) => !isOutOfSight || across.has(index));
  const meant = crossings.flatMap(({ flow, hop }): readonly Nameable[] =>
    kindOf(far) === 'unseen'
      ? untilAnswering(world, flow, hop)
      : [{ kind: 'cable', cable: flow.cables[hop] ?? -1 }],
  );
  if (kindOf(far) === 'unseen') meant.push(...behindQuiet(nears, across, context));
  return distinct(meant, { isVague: [far, ...nears].some((vertex) => isNameless(kindOf(vertex))) });
}

/** What lies behind routers that hardly answer, in flows that end at a hop before these. */
function behindQuiet(
  nears: readonly number[],
  across: ReadonlySet<number>,
  { world, graph }: NamingContext,
): Nameable[] {
  const nodes = new Set(
    nears.flatMap((near) => {
      const vertex = graph.vertices[near];
      const isQuiet = vertex?.kind === 'interface' && graph.quiet.has(vertex.address);
      return isQuiet ? [world.addresses[vertex.address]?.node ?? -1] : [];
    }),
  );
  return [...across].flatMap((index) => {
    const flow = world.flows[index];
    const hop = flow?.nodes.findIndex((node) => nodes.has(node)) ?? -1;
    return flow === undefined || hop < 0 ? [] : untilAnswering(world, flow, hop + 1);
  });
}

interface Crossing {
  readonly index: number;
  readonly flow: WorldFlow;
  readonly hop: number;
  readonly vertex: number;
}

/** Where flows pass from one vertex of the measured graph to the next. */
function crossingsWhere(
  { world, graph }: NamingContext,
  isWanted: (before: number, vertex: number) => boolean,
): Crossing[] {
  return graph.classes.flatMap(({ vertices, flows }) =>
    vertices.flatMap((vertex, hop) => {
      if (!isWanted(vertices[hop - 1] ?? SOURCE_VERTEX, vertex)) return [];
      return flows.flatMap((index) => {
        const flow = world.flows[index];
        return flow === undefined ? [] : [{ index, flow, hop, vertex }];
      });
    }),
  );
}

function isNameless(kind: Vertex['kind']): boolean {
  return kind === 'silent' || kind === 'unseen';
}

/** What lies before the next router that answers anybody: where a flow ends, nobody can tell more. */
function untilAnswering({ routers }: World, flow: WorldFlow, firstHop: number): Nameable[] {
  const meant: Nameable[] = [];
  for (let hop = firstHop; hop < flow.nodes.length; hop++) {
    meant.push({ kind: 'cable', cable: flow.cables[hop] ?? -1 });
    const node = flow.nodes[hop] ?? -1;
    if (routers[node]?.isSilent !== true) return meant;
    meant.push({ kind: 'router', node });
  }
  return meant;
}

function routersMeant(
  interfaces: readonly number[],
  { world, graph }: NamingContext,
): readonly Nameable[] {
  const meant = interfaces.flatMap((id): Nameable[] => {
    const vertex = graph.vertices[id];
    if (vertex?.kind !== 'interface') return [];
    return [{ kind: 'router', node: world.addresses[vertex.address]?.node ?? -1 }];
  });
  return distinct(meant, { isVague: false });
}

function silentRoutersMeant(
  ttl: number,
  { flowsAcross }: Pick<LocatedLoss, 'flowsAcross'>,
  context: NamingContext,
): readonly Nameable[] {
  const { world, graph } = context;
  const across = new Set(flowsAcross);
  const kindOf = (vertex: number): Vertex['kind'] => graph.vertices[vertex]?.kind ?? 'source';
  const crossings = crossingsWhere(context, (_, vertex) => isNameless(kindOf(vertex))).filter(
    ({ index, hop }) => across.has(index) && hop === ttl - graph.minTtl,
  );
  const meant = crossings.flatMap(({ flow, hop, vertex }): readonly Nameable[] =>
    kindOf(vertex) === 'unseen'
      ? untilAnswering(world, flow, hop)
      : [{ kind: 'router', node: flow.nodes[hop] ?? -1 }],
  );
  return distinct(meant, { isVague: true });
}

function distinct(
  meant: readonly Nameable[],
  { isVague }: { readonly isVague: boolean },
): readonly Nameable[] {
  const all = [...new Map(meant.map((each) => [keyOf(each), each])).values()];
  return isVague || all.length === 1 ? all : [];
}
