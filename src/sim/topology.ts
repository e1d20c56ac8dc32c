/**
 * The shape of a network: which nodes its links join. Knows how to lay out a layered fabric and
 * what makes a set of links unusable; losses, delays and addresses are for others.
 */

/** The two nodes that are hosts; every other node is a router. */
export const SOURCE = 'source';
export const TARGET = 'target';

/** Two nodes that a link joins; `near` is the one towards the source. */
export interface Joined {
  readonly near: string;
  readonly far: string;
}

/** Layers of routers between the hosts, each router joined to all of the next layer. */
export interface Fabric {
  /** Routers in each layer, nearest to the source first: layer 1 is r1.0, r1.1, … */
  readonly widths: readonly number[];
  /** Routers with one more router in front of them (x3.2 before r3.2), for unequal path lengths. */
  readonly detours: readonly string[];
}

/** The links of a fabric, ordered from the source on, then by far end. */
export function fabricLinks({ widths, detours }: Fabric): Joined[] {
  const layers = [[SOURCE], ...widths.map(routersOfLayer), [TARGET]];
  const links: Joined[] = [];
  for (const [i, layer] of layers.entries()) {
    for (const far of layers[i + 1] ?? []) {
      const entrance = detours.includes(far) ? far.replace('r', 'x') : far;
      if (entrance !== far) links.push({ near: entrance, far });
      for (const near of layer) links.push({ near, far: entrance });
    }
  }
  return links;
}

/** Every router that the links name, in order of first appearance. */
export function routersOf(links: readonly Joined[]): string[] {
  const nodes = new Set(links.flatMap(({ near, far }) => [near, far]));
  nodes.delete(SOURCE);
  nodes.delete(TARGET);
  return [...nodes];
}

/** A link that cannot stay: its place in the list, −1 for all of them, and why. */
export interface Flaw {
  readonly index: number;
  readonly complaint: string;
}

/**
 * Finds what keeps packets from flowing from source to target: links that are given twice, that
 * enter the source or leave the target, that close a cycle, or routers that are on no path.
 *
 * @returns the first flaw, or undefined when every link is on a path from source to target
 */
export function flawOf(links: readonly Joined[]): Flaw | undefined {
  const seen = new Set<string>();
  for (const [index, { near, far }] of links.entries()) {
    if (near === TARGET) return { index, complaint: 'no link leaves the target' };
    if (far === SOURCE) return { index, complaint: 'no link enters the source' };
    if (near === far) return { index, complaint: `joins ${near} to itself` };
    // A second link the other way round would close a cycle of two.
    if (seen.has(`${near} ${far}`)) return { index, complaint: `joins ${near} to ${far} again` };
    seen.add(`${near} ${far}`);
  }
  const towardsTarget = reach(links, SOURCE);
  const towardsSource = reach(
    links.map(({ near, far }) => ({ near: far, far: near })),
    TARGET,
  );
  if (!towardsTarget.has(TARGET)) return { index: -1, complaint: 'no path from source to target' };
  const index = links.findIndex(
    ({ near, far }) => !(towardsTarget.has(near) && towardsSource.has(far)),
  );
  if (index !== -1) return { index, complaint: 'is on no path from source to target' };
  return cycleOf(links);
}

function routersOfLayer(width: number, i: number): string[] {
  return Array.from({ length: width }, (_, k) => `r${i + 1}.${k}`);
}

function reach(links: readonly Joined[], start: string): ReadonlySet<string> {
  const next = nextNodes(links);
  const reached = new Set([start]);
  for (const node of reached) {
    for (const far of next.get(node) ?? []) reached.add(far); // the loop goes on to these as well
  }
  return reached;
}

/** Frees nodes all of whose entering links come from free nodes (Kahn); a cycle never gets free. */
function cycleOf(links: readonly Joined[]): Flaw | undefined {
  const next = nextNodes(links);
  const entering = new Map<string, number>();
  for (const { far } of links) entering.set(far, (entering.get(far) ?? 0) + 1);
  const free = new Set([SOURCE]);
  for (const node of free) {
    for (const far of next.get(node) ?? []) {
      const left = (entering.get(far) ?? 0) - 1;
      entering.set(far, left);
      if (left === 0) free.add(far);
    }
  }
  // What lies behind a cycle is not free either, but does not lead back to itself.
  const index = links.findIndex(({ near, far }) => !free.has(near) && reach(links, far).has(near));
  return index === -1 ? undefined : { index, complaint: 'is on a cycle' };
}

function nextNodes(links: readonly Joined[]): ReadonlyMap<string, readonly string[]> {
  const next = new Map<string, string[]>();
  for (const { near, far } of links) next.set(near, [...(next.get(near) ?? []), far]);
  return next;
}
