/** A world in motion: what becomes of one probe after the other. */

import type { Random } from '../../src/lib/random.ts';
import { TokenBucket } from '../../src/sim/token-bucket.ts';
import { LossStream } from './loss-stream.ts';
import { type Fault, isHit, type World, type WorldFlow } from './world.ts';

/**
 * When a SYN-ACK that nobody acknowledged is sent again (Linux: 1 s, then twice as long each time).
 * What comes later than these finds nobody waiting.
 */
const REPEATS_US = [1_000_000, 3_000_000];

interface Way {
  readonly streams: readonly LossStream[];
  /** Streams of the way to each TTL, from 1 on. */
  readonly ends: readonly number[];
}

/** The target's answer to a probe whose first answer was lost. */
export interface LateAnswer {
  readonly flow: number;
  readonly atUs: number;
  /** As it was given when the probe was sent. */
  readonly tag: number;
}

interface Repeat extends LateAnswer {
  readonly repeats: number;
}

interface WorldRunOptions {
  readonly random: Random;
  /** Mean length of a burst of losses, in packets; undefined: each on its own. */
  readonly meanBurst?: number | undefined;
  readonly onLate: (late: LateAnswer) => void;
}

interface SentProbe {
  readonly flow: number;
  readonly ttl: number;
  readonly tag?: number;
}

export class WorldRun {
  readonly #world: World;
  readonly #random: Random;
  readonly #forth: readonly Way[];
  /** By flow: the way of the target's replies; by address: that of its ICMP errors. */
  readonly #backOfFlow: readonly (readonly LossStream[])[];
  readonly #backOfAddress: readonly (readonly LossStream[])[];
  readonly #buckets: readonly (TokenBucket | undefined)[];
  readonly #onLate: (late: LateAnswer) => void;
  /** One queue for each repeat, each in order of time. */
  readonly #repeats: readonly Repeat[][] = REPEATS_US.map(() => []);

  constructor(world: World, { random, meanBurst, onLate }: WorldRunOptions) {
    this.#world = world;
    this.#random = random;
    const places = new Places(world, meanBurst, random);
    this.#forth = world.flows.map((flow) => places.forth(flow));
    this.#backOfFlow = world.flows.map((flow) => places.back(flow.returnCables, flow));
    this.#backOfAddress = world.addresses.map(({ returnCables }) => places.back(returnCables));
    this.#buckets = world.routers.map((router) => router?.limit && new TokenBucket(router.limit));
    this.#onLate = onLate;
  }

  /**
   * Sends a probe; times must not fall.
   *
   * @param tag comes back with a late answer
   */
  isAnswered({ flow, ttl, tag = 0 }: SentProbe, atUs: number): boolean {
    this.repeatUntil(atUs);
    const way = this.#forth[flow];
    const { nodes, addresses } = this.#world.flows[flow] ?? { nodes: [], addresses: [] };
    if (way === undefined || isLost(way.streams, way.ends[ttl - 1] ?? 0)) return false;
    if (ttl === nodes.length) {
      if (!isLost(this.#backOfFlow[flow] ?? [])) return true;
      this.#schedule({ flow, atUs, tag, repeats: 0 });
      return false;
    }
    return this.#answers(nodes[ttl - 1] ?? 0, atUs) && !isLost(this.#backOf(addresses[ttl - 1]));
  }

  /** Lets the repeats come that are due. */
  repeatUntil(nowUs: number): void {
    for (const queue of this.#repeats) {
      for (let next = queue[0]; next !== undefined && next.atUs <= nowUs; next = queue[0]) {
        queue.shift();
        if (isLost(this.#backOfFlow[next.flow] ?? [])) this.#schedule(next);
        else this.#onLate(next);
      }
    }
  }

  #backOf(address: number | undefined): readonly LossStream[] {
    return this.#backOfAddress[address ?? -1] ?? [];
  }

  #answers(node: number, atUs: number): boolean {
    const router = this.#world.routers[node];
    if (router === undefined || router.isSilent) return false;
    if (router.answerRatio < 1 && this.#random.unit() >= router.answerRatio) return false;
    return this.#buckets[node]?.take(atUs) ?? true;
  }

  #schedule({ atUs, repeats, ...rest }: Repeat): void {
    const delayUs = REPEATS_US[repeats];
    if (delayUs === undefined) return;
    const dueUs = atUs + delayUs - (REPEATS_US[repeats - 1] ?? 0);
    this.#repeats[repeats]?.push({ ...rest, atUs: dueUs, repeats: repeats + 1 });
  }
}

/** The loss streams of cables and faults, shared by all that pass them. */
class Places {
  readonly #forward: readonly LossStream[];
  readonly #return: readonly LossStream[];
  readonly #faults: readonly { fault: Fault; stream: LossStream }[];

  constructor(world: World, meanBurst: number | undefined, random: Random) {
    const { cables, baseLoss, faults } = world;
    const stream = (lossRatio: number): LossStream => new LossStream(lossRatio, meanBurst, random);
    this.#forward = cables.map(() => stream(baseLoss));
    this.#return = cables.map(() => stream(baseLoss));
    this.#faults = faults.map((fault) => ({ fault, stream: stream(fault.lossRatio) }));
  }

  forth(flow: WorldFlow): Way {
    const streams: LossStream[] = [];
    const ends = flow.cables.map((cable, hop) => {
      streams.push(this.#forward[cable] as LossStream);
      this.#addFaults(streams, { flow, direction: 'forward', cable });
      const end = streams.length;
      this.#addFaults(streams, { flow, direction: 'forward', node: flow.nodes[hop] ?? -1 });
      return end;
    });
    return { streams, ends };
  }

  /** @param flow of the target's replies; ICMP errors have none, and no hash bucket takes them */
  back(cables: readonly number[], flow?: WorldFlow): LossStream[] {
    const streams: LossStream[] = [];
    for (const cable of cables) {
      streams.push(this.#return[cable] as LossStream);
      this.#addFaults(streams, { flow, direction: 'return', cable });
    }
    return streams;
  }

  #addFaults(
    streams: LossStream[],
    at: {
      flow: WorldFlow | undefined;
      direction: Fault['direction'];
      cable?: number;
      node?: number;
    },
  ): void {
    for (const { fault, stream } of this.#faults) {
      const { element, direction, bucket } = fault;
      const isHere =
        element.kind === 'cable' ? element.cable === at.cable : element.node === at.node;
      const isTaken = at.flow === undefined ? bucket === undefined : isHit(fault, at.flow);
      if (isHere && isTaken && direction === at.direction) streams.push(stream);
    }
  }
}

function isLost(streams: readonly LossStream[], end: number = streams.length): boolean {
  for (let i = 0; i < end; i++) if (streams[i]?.strikes() === true) return true;
  return false;
}
