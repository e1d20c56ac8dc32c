/**
 * What is known of every flow: who answers at each TTL, where the target is, and how many probes of
 * the rounds that are over were answered.
 *
 * Rounds count as a whole, since replies come before losses are known: counting probes one by one
 * would make every loss look smaller than it is.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import type { ProbeReply } from '../../model/probe.ts';

export interface FlowTableOptions {
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Address index of the target. */
  readonly target: number;
}

/** A hop that has left as many probes of one flow unanswered is silent to it, not just unlucky. */
const SILENT_PROBES = 4;
/** Beyond this many changes a flow's path is taken as it comes: it will not settle. */
const PATH_CHANGES_MAX = 3;

/** A router's word that it does not forward a flow (ICMP unreachable). */
export interface Refusal {
  readonly hop: number;
  /** Address index of the router. */
  readonly responder: number;
}

interface Flow {
  readonly responders: number[];
  /** Another responder seen once, by hop: a second time in a row makes it the path. */
  readonly rivals: number[];
  readonly sent: number[];
  readonly received: number[];
  /** Hop of the target, or undefined while it has not answered. */
  reachedHop: number | undefined;
  /** The nearest hop from which a router said that it will not forward the flow. */
  refusal: Refusal | undefined;
  lastKnownHop: number;
  pathChanges: number;
  /** Rounds before this one measured another path. */
  countsFromRound: number;
}

/** Probes of one round, until all their outcomes are known. */
interface Round {
  readonly id: number;
  readonly sent: Uint16Array;
  readonly received: Uint16Array;
  outstanding: number;
}

/** Hops are counted from 0, which is `minTtl`. */
export class FlowTable {
  readonly #options: FlowTableOptions;
  readonly #hops: number;
  readonly #flows: Flow[] = [];
  readonly #rounds: Round[] = [];
  #roundsStarted = 0;
  #probesCounted = 0;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#hops = options.maxTtl - options.minTtl + 1;
    for (let i = 0; i < options.flows; i++) this.#flows.push(newFlow(this.#hops));
  }

  /** Opens the next round; its number. */
  startRound(): number {
    const cells = this.#flows.length * this.#hops;
    const id = this.#roundsStarted++;
    const [sent, received] = [new Uint16Array(cells), new Uint16Array(cells)];
    this.#rounds.push({ id, sent, received, outstanding: 0 });
    return id;
  }

  /** Notes that a probe of the newest round was ordered. */
  ordered(): void {
    const round = this.#rounds.at(-1);
    if (round !== undefined) round.outstanding++;
  }

  replied(reply: ProbeReply): void {
    const hop = reply.ttl - this.#options.minTtl;
    this.#settle(reply.flow, hop, reply.round, { isReceived: true });
    const flow = this.#flows[reply.flow];
    if (flow === undefined) return;
    if (reply.isTarget && reply.kind !== 'time-exceeded') this.#reach(flow, hop);
    else if (reply.kind === 'unreachable') this.#refuse(flow, hop, reply.responder);
    else this.#see(flow, hop, reply.responder, reply.round);
  }

  lost(flow: number, ttl: number, round: number): void {
    this.#settle(flow, ttl - this.#options.minTtl, round, { isReceived: false });
  }

  /** A probe that was never sent is taken out of its round. */
  unsent(round: number): void {
    const staged = this.#rounds.find(({ id }) => id === round);
    if (staged !== undefined) staged.outstanding--;
  }

  /** Adds up the rounds that are over; returns how many they were. */
  commitRounds(): number {
    let committed = 0;
    while (this.#rounds[0]?.outstanding === 0) {
      this.#commit(this.#rounds.shift() as Round);
      committed++;
    }
    return committed;
  }

  /** Rounds whose outcome is not yet known. */
  get openRounds(): number {
    return this.#rounds.length;
  }

  /** Probes in all rounds that are over. */
  get probesCounted(): number {
    return this.#probesCounted;
  }

  /** Who answers at a hop, or `STAR`. */
  responderAt(flow: number, hop: number): number {
    const known = this.#flows[flow];
    if (known?.reachedHop === hop) return this.#options.target;
    return known?.responders[hop] ?? STAR;
  }

  /** The last hop that answered with a router, −1 for none. */
  lastKnownHop(flow: number): number {
    return this.#flows[flow]?.lastKnownHop ?? -1;
  }

  /** Where a router refuses to forward a flow; undefined where none does. */
  refusal(flow: number): Refusal | undefined {
    const { refusal, reachedHop } = this.#flows[flow] ?? newFlow(0);
    return reachedHop === undefined ? refusal : undefined;
  }

  /** The hop at which the target answers; undefined while it has not. */
  reachedHop(flow: number): number | undefined {
    return this.#flows[flow]?.reachedHop;
  }

  /** Whether nothing at all is known of a hop yet, not even that it stays silent. */
  isUnexplored(flow: number, hop: number): boolean {
    return this.responderAt(flow, hop) === STAR && (this.#flows[flow]?.sent[hop] ?? 0) === 0;
  }

  /** Whether a hop has left a few probes of a flow unanswered: too few to call it silent. */
  isDoubtful(flow: number, hop: number): boolean {
    const { sent, reachedHop } = this.#flows[flow] ?? newFlow(0);
    const count = sent[hop] ?? 0;
    if (this.responderAt(flow, hop) !== STAR || (reachedHop !== undefined && hop > reachedHop)) {
      return false;
    }
    return count > 0 && count < SILENT_PROBES;
  }

  /** Whether a path may be another than it seems, as a hop on it or right behind it is doubtful. */
  hasDoubtfulHops(): boolean {
    return this.#flows.some(({ lastKnownHop, reachedHop, refusal }, flow) => {
      const end = reachedHop ?? refusal?.hop ?? lastKnownHop + 2;
      for (let hop = 0; hop < end; hop++) if (this.isDoubtful(flow, hop)) return true;
      return false;
    });
  }

  hasChangedPath(flow: number): boolean {
    return (this.#flows[flow]?.pathChanges ?? 0) > 0;
  }

  /** The counts of all rounds that are over. */
  counts(): PathCounts {
    const { minTtl, target } = this.#options;
    return { minTtl, target, flows: this.#flows.map((flow) => this.#countsOf(flow)) };
  }

  #countsOf(flow: Flow): FlowCounts {
    const isReached = flow.reachedHop !== undefined;
    const lastProbed = flow.sent.findLastIndex((sent) => sent > 0);
    const lastUseful = Math.min(lastProbed, (flow.refusal?.hop ?? Number.POSITIVE_INFINITY) - 1);
    const end = (isReached ? (flow.reachedHop ?? 0) : lastUseful) + 1;
    const responders = flow.responders.slice(0, end);
    if (isReached) responders[end - 1] = this.#options.target;
    return {
      responders,
      sent: flow.sent.slice(0, end),
      received: flow.received.slice(0, end),
      isReached,
      answeredLate: 0,
    };
  }

  #settle(
    flow: number,
    hop: number,
    roundId: number,
    { isReceived }: { isReceived: boolean },
  ): void {
    const round = this.#rounds.find(({ id }) => id === roundId);
    if (round === undefined) return;
    const cell = flow * this.#hops + hop;
    round.outstanding--;
    round.sent[cell] = (round.sent[cell] ?? 0) + 1;
    if (isReceived) round.received[cell] = (round.received[cell] ?? 0) + 1;
  }

  #commit({ id, sent, received }: Round): void {
    for (const [index, flow] of this.#flows.entries()) {
      for (let hop = 0; hop < this.#hops; hop++) {
        const cell = index * this.#hops + hop;
        this.#probesCounted += sent[cell] ?? 0;
        if (id < flow.countsFromRound) continue;
        flow.sent[hop] = (flow.sent[hop] ?? 0) + (sent[cell] ?? 0);
        flow.received[hop] = (flow.received[hop] ?? 0) + (received[cell] ?? 0);
      }
    }
  }

  #refuse(flow: Flow, hop: number, responder: number): void {
    if (hop < (flow.refusal?.hop ?? Number.POSITIVE_INFINITY)) flow.refusal = { hop, responder };
  }

  #reach(flow: Flow, hop: number): void {
    if (flow.reachedHop === undefined || hop < flow.reachedHop) flow.reachedHop = hop;
  }

  #see(flow: Flow, hop: number, responder: number, round: number): void {
    const known = flow.responders[hop] ?? STAR;
    flow.lastKnownHop = Math.max(flow.lastKnownHop, hop);
    if (known === STAR) {
      flow.responders[hop] = responder;
    } else if (known === responder) {
      flow.rivals[hop] = STAR;
    } else if (flow.rivals[hop] !== responder) {
      flow.rivals[hop] = responder;
    } else {
      this.#changePath(flow, hop, responder, round);
    }
  }

  /** The path is another one now: what was counted before belongs to the old one. */
  #changePath(flow: Flow, hop: number, responder: number, round: number): void {
    flow.responders[hop] = responder;
    flow.rivals[hop] = STAR;
    flow.pathChanges++;
    if (flow.pathChanges > PATH_CHANGES_MAX) return;
    flow.sent.fill(0);
    flow.received.fill(0);
    flow.reachedHop = undefined;
    flow.refusal = undefined;
    flow.countsFromRound = round + 1;
  }
}

function newFlow(hops: number): Flow {
  return {
    responders: new Array<number>(hops).fill(STAR),
    rivals: new Array<number>(hops).fill(STAR),
    sent: new Array<number>(hops).fill(0),
    received: new Array<number>(hops).fill(0),
    reachedHop: undefined,
    refusal: undefined,
    lastKnownHop: -1,
    pathChanges: 0,
    countsFromRound: 0,
  };
}
