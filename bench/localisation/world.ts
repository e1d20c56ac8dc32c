/**
 * What a world of the bench is: a network between one source and one target, the way of every flow
 * through it and of every reply back, what is ugly about its routers, and what is wrong.
 *
 * Nodes are numbered: 0 is the source, then the routers, the target last. Cables join nodes of
 * neighbouring layers and carry both directions, each with losses of its own.
 */

export const SOURCE = 0;

export interface Cable {
  /** Node towards the source. */
  readonly near: number;
  /** Node towards the target. */
  readonly far: number;
}

/** What a router does with probes whose TTL ends there. */
export interface RouterTraits {
  readonly isSilent: boolean;
  /** Share of them that its control plane finds time for, in (0, 1]. */
  readonly answerRatio: number;
  /** Token bucket, full at first, of all its interfaces together. */
  readonly limit: { readonly perSecond: number; readonly burst: number } | undefined;
}

/** The arrays are parallel: index i stands for TTL i + 1. */
export interface WorldFlow {
  /** Nodes on the way, the target last. */
  readonly nodes: readonly number[];
  /** The cable into each of them. */
  readonly cables: readonly number[];
  /** Index of the address that answers there. */
  readonly addresses: readonly number[];
  /** Cables that the target's replies take, from the target on. */
  readonly returnCables: readonly number[];
  /** Decides into which hash bucket of a faulty table it falls, in [0, 1). */
  readonly hash: number;
}

/** A physical thing that can lose packets: a cable, or a router while it forwards. */
export type Element =
  | { readonly kind: 'cable'; readonly cable: number }
  | { readonly kind: 'router'; readonly node: number };

export interface Fault {
  readonly element: Element;
  readonly direction: 'forward' | 'return';
  /** Chance that a packet that it hits is lost, in (0, 1]. */
  readonly lossRatio: number;
  /** Only flows of this hash bucket are hit, if any is named. */
  readonly bucket: { readonly of: number; readonly index: number } | undefined;
}

/** Who an address belongs to, and the way of its ICMP errors back to the source. */
export interface WorldAddress {
  readonly node: number;
  readonly returnCables: readonly number[];
}

export interface World {
  /** `link-5:17`: what to say to get this world again. */
  readonly name: string;
  readonly kind: string;
  readonly fabric: 'clos' | 'layered';
  /** Whether a router answers from the interface that was asked, or from one address. */
  readonly naming: 'ingress' | 'router';
  readonly cables: readonly Cable[];
  /** By node; undefined for source and target. */
  readonly routers: readonly (RouterTraits | undefined)[];
  /** By address index; the target's is the last. */
  readonly addresses: readonly WorldAddress[];
  readonly flows: readonly WorldFlow[];
  /** Of every cable in each direction. */
  readonly baseLoss: number;
  readonly faults: readonly Fault[];
}

/** Whether a fault hits the packets of a flow that pass its place. */
export function isHit({ bucket }: Fault, { hash }: WorldFlow): boolean {
  return bucket === undefined || Math.floor(hash * bucket.of) === bucket.index;
}

/** Whether a flow passes an element on its way to the target, the target's own hop excluded. */
export function passes(flow: WorldFlow, element: Element): boolean {
  if (element.kind === 'cable') return flow.cables.includes(element.cable);
  return flow.nodes.includes(element.node);
}
