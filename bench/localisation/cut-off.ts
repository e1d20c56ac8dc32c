/**
 * Worlds in which nothing reaches the target: a black hole lies where all flows pass. The counts
 * then hold no more than where the answers end, and a target that is down looks the same to every
 * method. What can be right there is what `isolate` says: the target is unreachable, nothing else is
 * blamed, and the paths end at the true place.
 */

import type { Localisation } from '../../src/algorithms/localisation/localise.ts';
import type { World } from './world.ts';

/** Whether a total loss on the way out takes every flow. */
export function isCutOff({ faults, flows }: World): boolean {
  return faults.some(({ element, direction, lossRatio, bucket }) => {
    const isTotal = lossRatio === 1 && direction === 'forward' && bucket === undefined;
    if (!isTotal || element.kind !== 'cable') return false;
    return flows.every(({ cables }) => cables.includes(element.cable));
  });
}

/**
 * Whether a localisation names nothing, and every path of its graph ends at the last router before
 * the fault that answers anybody.
 */
export function endsAtFault(
  { faults, flows, routers }: World,
  localisation: Localisation,
): boolean {
  const { graph, losses } = localisation;
  if (losses.length > 0 || graph.isTargetReached) return false;
  const cut = new Set(
    faults.flatMap(({ element }) => (element.kind === 'cable' ? [element.cable] : [])),
  );
  // A flow that nobody ever answered has no class: its path ends at the source.
  const hops = new Map(
    graph.classes.flatMap(({ vertices, flows: members }) =>
      members.map((index) => [index, vertices.length] as const),
    ),
  );
  return flows.every(({ cables, nodes }, index) => {
    const end = hops.get(index) ?? 0;
    const faultHop = cables.findIndex((cable) => cut.has(cable));
    return end <= faultHop && nodes.slice(end, faultHop).every((node) => routers[node]?.isSilent);
  });
}
