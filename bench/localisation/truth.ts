/**
 * What there is to find in a world: for each fault all things that no data of this world could tell
 * from it.
 *
 * A thing shows in the cells (flow, TTL) that a probe reaches only through it. Of these a cell
 * informs where its hop has answered the flow at least once, or where the target ought to have. What
 * a limited or flaky router answers also depends on an answer ratio of its own that nobody knows:
 * two things count as the same if they differ only in whether they cover all cells of such an
 * address, which a change of its ratio makes up for.
 *
 * The last cable, the last router and the target itself show in the target's answers alone, so they
 * are one class where a single cable leads to the target. Of the first cable only repeated SYN-ACKs
 * can tell forward from return loss; the cable is the same.
 */

import { type PathCounts, STAR } from '../../src/model/path-counts.ts';
import { type Element, type Fault, isHit, type World, type WorldFlow } from './world.ts';

/** What can be named; the target itself never loses anything in these worlds. */
export type Nameable = Element | { readonly kind: 'target' };

export interface TruthClass {
  readonly fault: Fault;
  /** Keys of all that the data could not tell from the fault, itself included. */
  readonly members: ReadonlySet<string>;
  /** Informative cells in which the fault shows. */
  readonly cells: readonly number[];
}

/** Same key, same thing. */
export function keyOf(nameable: Nameable): string {
  if (nameable.kind === 'cable') return `cable ${nameable.cable}`;
  return nameable.kind === 'router' ? `router ${nameable.node}` : 'target';
}

/** One class for each fault of the world. */
export function truthOf(world: World, counts: PathCounts): TruthClass[] {
  const cells = new InformativeCells(world, counts);
  const coverages = forwardCoverages(world, cells);
  const bySignature = new Map<string, string[]>();
  for (const [key, covered] of coverages) {
    const signature = cells.signatureOf(covered);
    bySignature.set(signature, [...(bySignature.get(signature) ?? []), key]);
  }
  return world.faults.map((fault) => {
    const key = keyOf(fault.element);
    const covered =
      fault.direction === 'forward'
        ? (coverages.get(key) ?? [])
        : returnCoverage(world, cells, fault.element);
    const signature = cells.signatureOf(covered);
    const same = signature === '' ? [] : (bySignature.get(signature) ?? []);
    const hit = covered.filter((cell) => isHitAt(world, fault, cells.flowOf(cell)));
    return { fault, members: new Set([key, ...same]), cells: hit };
  });
}

/** How many classes of forward loss the data of a world can tell apart. */
export function forwardClasses(world: World, counts: PathCounts): number {
  const cells = new InformativeCells(world, counts);
  const coverages = [...forwardCoverages(world, cells).values()];
  return new Set(coverages.map((covered) => cells.signatureOf(covered))).size;
}

function isHitAt({ flows }: World, fault: Fault, flow: number): boolean {
  const hit = flows[flow];
  return hit !== undefined && isHit(fault, hit);
}

/** Cells are numbered flow by flow. */
class InformativeCells {
  readonly #ttls: number;
  readonly #isInformative: readonly boolean[];
  /** Address index that answers in a cell, where its answer ratio is its own affair; else −1. */
  readonly #ownRatio: readonly number[];
  readonly #cellsOfAddress = new Map<number, number>();

  constructor({ flows, routers }: World, counts: PathCounts) {
    this.#ttls = flows[0]?.nodes.length ?? 0;
    const isTarget = (hop: number): boolean => hop === this.#ttls - 1;
    this.#isInformative = flows.flatMap((_, flow) => {
      const { responders = [] } = counts.flows[flow] ?? {};
      return Array.from(
        { length: this.#ttls },
        (__, hop) => isTarget(hop) || (responders[hop] ?? STAR) !== STAR,
      );
    });
    this.#ownRatio = flows.flatMap(({ nodes, addresses }) =>
      nodes.map((node, hop) => {
        const router = routers[node];
        const isLimited = router?.limit !== undefined || (router?.answerRatio ?? 1) < 1;
        return isLimited ? (addresses[hop] ?? -1) : -1;
      }),
    );
    for (const [cell, address] of this.#ownRatio.entries()) {
      if (address === -1 || !this.#isInformative[cell]) continue;
      this.#cellsOfAddress.set(address, (this.#cellsOfAddress.get(address) ?? 0) + 1);
    }
  }

  flowOf(cell: number): number {
    return Math.floor(cell / this.#ttls);
  }

  /** The informative cells of a flow from a hop on, counted from 0. */
  from(flow: number, firstHop: number): number[] {
    const cells: number[] = [];
    for (let hop = firstHop; hop < this.#ttls; hop++) this.#add(cells, flow, hop);
    return cells;
  }

  /** One hop of a flow, if it informs. */
  at(flow: number, hop: number): number[] {
    const cells: number[] = [];
    this.#add(cells, flow, hop);
    return cells;
  }

  /** The same for sets of cells that no data can tell apart; empty where nothing can show. */
  signatureOf(covered: readonly number[]): string {
    const counts = new Map<number, number>();
    for (const cell of covered) {
      const address = this.#ownRatio[cell] ?? -1;
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    return covered
      .filter((cell) => {
        const address = this.#ownRatio[cell] ?? -1;
        return address === -1 || counts.get(address) !== this.#cellsOfAddress.get(address);
      })
      .sort((a, b) => a - b)
      .join();
  }

  #add(cells: number[], flow: number, hop: number): void {
    const cell = flow * this.#ttls + hop;
    if (this.#isInformative[cell] === true) cells.push(cell);
  }
}

/** Cells by what they are reached through, by key. */
function forwardCoverages(world: World, cells: InformativeCells): Map<string, number[]> {
  const coverages = new Map<string, number[]>();
  const cover = (nameable: Nameable, covered: readonly number[]): void => {
    const key = keyOf(nameable);
    const known = coverages.get(key);
    if (known === undefined) coverages.set(key, [...covered]);
    else known.push(...covered);
  };
  for (const [flow, { nodes, cables }] of world.flows.entries()) {
    for (const [hop, cable] of cables.entries()) {
      cover({ kind: 'cable', cable }, cells.from(flow, hop));
      const node = nodes[hop] ?? -1;
      const isTarget = hop === nodes.length - 1;
      cover(
        isTarget ? { kind: 'target' } : { kind: 'router', node },
        cells.from(flow, isTarget ? hop : hop + 1),
      );
    }
  }
  return coverages;
}

/** Cells whose answers come back over a cable. */
function returnCoverage(world: World, cells: InformativeCells, element: Element): number[] {
  if (element.kind !== 'cable') return [];
  const { addresses, flows } = world;
  const isBack = (flow: WorldFlow, hop: number): boolean => {
    const isTarget = hop === flow.nodes.length - 1;
    const way = isTarget ? flow.returnCables : addresses[flow.addresses[hop] ?? -1]?.returnCables;
    return way?.includes(element.cable) ?? false;
  };
  return flows.flatMap((flow, index) =>
    flow.nodes.flatMap((_, hop) => (isBack(flow, hop) ? cells.at(index, hop) : [])),
  );
}
