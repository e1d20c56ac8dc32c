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

/** Which way packets take a link: `forward` is from near to far, `return` from far to near. */
export type LinkDirection = 'both' | 'forward' | 'return';

/** A link as far as routes are concerned. */
export interface DirectedLink extends Joined {
  /** Both when absent. */
  readonly direction?: LinkDirection;
}

/** Layers of routers between the hosts. */
export interface Fabric {
  /** Routers in each layer, nearest to the source first: layer 1 is r1.0, r1.1, … */
  readonly widths: readonly number[];
  /**
   * Routers of the next layer that each router is joined to, neighbours in a ring; at least as many
   * as it takes to reach all of them. All of the next layer when undefined.
   */
  readonly fanout: number | undefined;
  /** Routers with one more router in front of them (x3.2 before r3.2), for unequal path lengths. */
  readonly detours: readonly string[];
}

/** The links of a fabric, ordered from the source on, then by far end. */
export function fabricLinks({ widths, fanout, detours }: Fabric): Joined[] {
  const detoured = new Set(detours);
  const layers = [[SOURCE], ...widths.map(routersOfLayer), [TARGET]];
  return layers.flatMap((nears, i) => {
    const fars = layers[i + 1] ?? [];
    const isJoined = joiner({ nears: nears.length, fars: fars.length, fanout });
    return fars.flatMap((far, k) => {
      const entrance = detoured.has(far) ? far.replace('r', 'x') : far;
      const detour = entrance === far ? [] : [{ near: entrance, far }];
      const joined = nears.filter((_, j) => isJoined(j, k));
      return [...detour, ...joined.map((near) => ({ near, far: entrance }))];
    });
  });
}

/** How many links `fabricLinks` would make, without making them. */
export function fabricSize({ widths, fanout, detours }: Fabric): number {
  const layers = [1, ...widths, 1];
  return layers.reduce((sum, nears, i) => {
    const fars = layers[i + 1] ?? 0;
    return sum + nears * Math.min(fars, degreeOf({ nears, fars, fanout }));
  }, detours.length);
}

/** Every router that the links name, in order of first appearance. */
export function routersOf(links: readonly Joined[]): string[] {
  const nodes = new Set<string>();
  for (const { near, far } of links) nodes.add(near).add(far);
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
 * Finds what keeps packets from flowing: links that are given twice, that enter the source or leave
 * the target, that close a cycle, routers that are on no path, or from which no way leads back.
 *
 * @returns the first flaw, or undefined when every link is on a path between source and target
 */
export function flawOf(links: readonly DirectedLink[]): Flaw | undefined {
  return (
    misjoined(links) ??
    lostOnTheWay(links, { direction: 'forward', from: SOURCE, to: TARGET }) ??
    lostOnTheWay(links, { direction: 'return', from: TARGET, to: SOURCE })
  );
}

/** Whether every path from source to target passes a node. */
export function isOnEveryPath(links: readonly DirectedLink[], node: string): boolean {
  const around = links.filter(
    ({ near, far, direction }) => near !== node && far !== node && direction !== 'return',
  );
  return !reach(nextNodes(around), [SOURCE]).has(TARGET);
}

interface LayerPair {
  readonly nears: number;
  readonly fars: number;
  readonly fanout: number | undefined;
}

/** Whether the jth router of a layer is joined to the kth of the next. */
function joiner(pair: LayerPair): (j: number, k: number) => boolean {
  const { nears, fars } = pair;
  const degree = degreeOf(pair);
  return (j, k) => (k - Math.floor((j * fars) / nears) + fars) % fars < degree;
}

function degreeOf({ nears, fars, fanout = fars }: LayerPair): number {
  return Math.max(fanout, Math.ceil(fars / nears));
}

function routersOfLayer(width: number, i: number): string[] {
  return Array.from({ length: width }, (_, k) => `r${i + 1}.${k}`);
}

function misjoined(links: readonly DirectedLink[]): Flaw | undefined {
  const seen = new Set<string>();
  for (const [index, { near, far }] of links.entries()) {
    if (near === TARGET) return { index, complaint: 'no link leaves the target' };
    if (far === SOURCE) return { index, complaint: 'no link enters the source' };
    if (near === far) return { index, complaint: `joins ${near} to itself` };
    // A second link the other way round would close a cycle of two, if both are used both ways.
    if (seen.has(`${near} ${far}`)) return { index, complaint: `joins ${near} to ${far} again` };
    seen.add(`${near} ${far}`);
  }
  return undefined;
}

interface Way {
  readonly direction: 'forward' | 'return';
  readonly from: string;
  readonly to: string;
}

/** What is wrong with the links as packets of one direction see them. */
function lostOnTheWay(links: readonly DirectedLink[], way: Way): Flaw | undefined {
  const { direction, from, to } = way;
  const isForward = direction === 'forward';
  const isUsed = ({ direction: used = 'both' }: DirectedLink) =>
    used === 'both' || used === direction;
  const turned = links.map((link) =>
    isForward ? link : { ...link, near: link.far, far: link.near },
  );
  const used = turned.filter(isUsed);
  const between = isForward ? 'from source to target' : 'back to the source';
  // Every router answers, so ways back begin at all of them.
  const starts = isForward ? [from] : [from, ...routersOnPaths(links)];
  const reached = reach(nextNodes(used), starts);
  if (!reach(nextNodes(used), [from]).has(to))
    return { index: -1, complaint: `no path ${between}` };
  const leading = reach(nextNodes(used.map(({ near, far }) => ({ near: far, far: near }))), [to]);
  const stray = turned.findIndex(
    (link) => isUsed(link) && !(reached.has(link.near) && leading.has(link.far)),
  );
  if (stray !== -1) return { index: stray, complaint: `is on no path ${between}` };
  const stranded = starts.find((node) => !leading.has(node));
  if (stranded !== undefined) {
    return { index: -1, complaint: `no way leads from ${stranded} back to the source` };
  }
  return cycleOf(turned, isUsed);
}

function routersOnPaths(links: readonly DirectedLink[]): string[] {
  return routersOf(links.filter(({ direction }) => direction !== 'return'));
}

function reach(
  next: ReadonlyMap<string, readonly string[]>,
  starts: readonly string[],
): ReadonlySet<string> {
  const reached = new Set(starts);
  for (const node of reached) {
    for (const far of next.get(node) ?? []) reached.add(far); // the loop goes on to these as well
  }
  return reached;
}

/** Frees nodes all of whose entering links come from free nodes (Kahn); a cycle never gets free. */
function cycleOf(
  links: readonly DirectedLink[],
  isUsed: (link: DirectedLink) => boolean,
): Flaw | undefined {
  const used = links.filter(isUsed);
  const next = nextNodes(used);
  const entering = new Map<string, number>();
  for (const { far } of used) entering.set(far, (entering.get(far) ?? 0) + 1);
  const free = new Set(used.map(({ near }) => near).filter((near) => !entering.has(near)));
  for (const node of free) {
    for (const far of next.get(node) ?? []) {
      const left = (entering.get(far) ?? 0) - 1;
      entering.set(far, left);
      if (left === 0) free.add(far);
    }
  }
  const start = used.find(({ near }) => !free.has(near));
  if (start === undefined) return undefined;
  const cycle = nodesOfCycle(used, start.near, free);
  const index = links.findIndex((link) => isUsed(link) && cycle.get(link.far) === link.near);
  return { index, complaint: 'is on a cycle' };
}

/**
 * Goes back from a node that is not free, to nodes that are not free either, until one comes again.
 *
 * @returns for every node of the cycle so found the one before it
 */
function nodesOfCycle(
  links: readonly Joined[],
  start: string,
  free: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const before = new Map<string, string>();
  for (const { near, far } of links) {
    if (!free.has(near) && !before.has(far)) before.set(far, near);
  }
  const passed = new Set<string>();
  let node = start;
  while (!passed.has(node)) {
    passed.add(node);
    node = before.get(node) ?? node;
  }
  const cycle = new Map<string, string>();
  while (!cycle.has(node)) {
    const previous = before.get(node) ?? node;
    cycle.set(node, previous);
    node = previous;
  }
  return cycle;
}

function nextNodes(links: readonly Joined[]): ReadonlyMap<string, readonly string[]> {
  const next = new Map<string, string[]>();
  for (const { near, far } of links) {
    const fars = next.get(near);
    if (fars === undefined) next.set(near, [far]);
    else fars.push(far);
  }
  return next;
}
