/**
 * Links before the first TTL that is probed, and those between routers of which none ever answers.
 * Which flows share them is never seen, so that the counts of several flows cannot be added up:
 * each link there is bounded only by those of single flows, every probe of which crosses all of
 * them, whatever TTL it has.
 */

import type { UnprobedHops } from './exclusion.ts';
import { LossModel } from './likelihood.ts';
import type { LimitedResponder } from './limited-responders.ts';
import { excludedLoss } from './loss-interval.ts';
import type { Cell, PathGraph } from './path-graph.ts';

/** What is measured, as far as it matters here. */
interface Measured {
  readonly graph: PathGraph;
  readonly limited: readonly LimitedResponder[];
}

/**
 * How much loss the counts of single flows leave possible where no router was seen.
 *
 * @param flowOf by index into the rows of the graph: which flow it is of
 * @param options.confidence of the bound, within (0, 1)
 * @param options.exclude the loss that a clean run is to rule out, within (0, 1)
 * @returns undefined where every TTL is probed, and some router answers
 */
export function unprobedHops(
  measured: Measured,
  flowOf: readonly number[],
  { confidence, exclude }: { readonly confidence: number; readonly exclude: number },
): UnprobedHops | undefined {
  const { graph } = measured;
  // A target next door has one link, and no router before it.
  const hasRouters = graph.classes.some(({ vertices }) => vertices.length > 1);
  if (graph.minTtl === 1 && !(hasRouters && isEndToEnd(graph))) return undefined;
  const bounds = new Map<string, number>();
  for (const { sent, received, links } of countsByFlow(measured, flowOf)) {
    const key = `${sent} ${received} ${links}`;
    if (bounds.has(key)) continue;
    const model = new LossModel([{ sent, received, links }]);
    bounds.set(key, excludedLoss(model, model.cover([0]), 1 - confidence));
  }
  const excludedLossRatio = bounds.size === 0 ? 1 : Math.max(...bounds.values());
  return { excludedLossRatio, isExcluded: excludedLossRatio <= exclude };
}

/** Whether targets are all that answers: no router was asked, or none ever answers. */
export function isEndToEnd({ classes, vertices, isTargetReached }: PathGraph): boolean {
  const kinds = classes.map((path) => path.vertices.map((id) => vertices[id]?.kind));
  return (
    isTargetReached &&
    kinds.every(
      (path) => path.at(-1) === 'target' && path.slice(0, -1).every((kind) => kind === 'silent'),
    )
  );
}

/** Probes of each flow to all who answer what they get, wherever on its path. */
function countsByFlow({ graph, limited }: Measured, flowOf: readonly number[]): Cell[] {
  const spared = new Set(limited.map(({ vertex }) => vertex));
  const isTelling = (vertex: number): boolean => {
    const kind = graph.vertices[vertex]?.kind;
    return (kind === 'interface' || kind === 'target') && !spared.has(vertex);
  };
  const tallies = new Map<number, { sent: number; received: number; links: number }>();
  for (const { flows, vertices } of graph.classes) {
    for (const row of flows) {
      const counts = graph.rows[row];
      const flow = flowOf[row] ?? row;
      const tally = tallies.get(flow) ?? { sent: 0, received: 0, links: 0 };
      tallies.set(flow, tally);
      for (const [position, vertex] of vertices.entries()) {
        if (!isTelling(vertex)) continue;
        tally.sent += counts?.sent[position] ?? 0;
        tally.received += counts?.received[position] ?? 0;
        tally.links = 2 * (graph.minTtl + position);
      }
    }
  }
  return [...tallies.values()];
}

/** The loss that is not ruled out yet on every link, probed or not; 1 where none is testable. */
export function lossNotExcluded({
  excludedLossRatio,
  unprobed,
}: {
  readonly excludedLossRatio: number;
  readonly unprobed?: UnprobedHops;
}): number {
  if (unprobed === undefined) return excludedLossRatio;
  const isNoneTestable = excludedLossRatio === 1;
  return Math.max(unprobed.excludedLossRatio, isNoneTestable ? 0 : excludedLossRatio);
}
