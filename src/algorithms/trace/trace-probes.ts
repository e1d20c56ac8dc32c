/**
 * The probes of one trace, and what came of them. Thousands of traces have dozens of probes each:
 * so there are columns instead of an object for each, with a cell for each hop and round. Hops
 * count from 0, the first TTL, up; rounds count the probes of a hop from 0 up, retries included.
 */

import type { ProbeReply } from '../../model/probe.ts';

/** `replaced` is lost, too, but another probe was sent in its place. */
export type ProbeState = 'queued' | 'sent' | 'answered' | 'lost' | 'replaced' | 'unsent';

/** A probe as others see it. */
export interface TraceProbe {
  readonly ttl: number;
  /** Counts the probes of its TTL from 0 up. */
  readonly round: number;
  readonly state: ProbeState;
  /** Its `ttl` is another where the answer is one to a probe with more than enough TTL. */
  readonly reply: ProbeReply | undefined;
  /** Why it was not sent: the kernel's reason, an errno name. */
  readonly error: string | undefined;
}

/** All probes of a TTL, as others see them, in the order in which they were asked for. */
export interface TraceHop {
  readonly ttl: number;
  readonly probes: readonly TraceProbe[];
  /** Of the first probe that has one. */
  readonly firstReply: ProbeReply | undefined;
}

/** Of short traces several rounds are made at once. */
const GROWN_CELLS = 16;

/** The columns. */
export class TraceProbes {
  /** Cells of a round. */
  readonly #hops: number;
  // Made anew for further rounds: by push they would have room for many more.
  /** Undefined where there is no probe; those of a hop fill its rounds from 0 up. */
  #states: (ProbeState | undefined)[];
  #sentAtUs: number[];
  #replies: (ProbeReply | undefined)[];
  /** Of the few that were not sent. */
  #errors: Map<number, string> | undefined;
  /** How many probes each retry follows; of those that follow none nothing is kept. */
  #retries: Map<number, number> | undefined;

  /** @param hops at most */
  constructor(hops: number) {
    this.#hops = hops;
    this.#states = new Array(hops).fill(undefined);
    this.#sentAtUs = new Array(hops).fill(Number.POSITIVE_INFINITY);
    this.#replies = new Array(hops).fill(undefined);
  }

  /** Undefined where there is no such probe. */
  state(hop: number, round: number): ProbeState | undefined {
    return hop >= 0 && hop < this.#hops ? this.#states[this.#cell(hop, round)] : undefined;
  }

  /** Monotonic microseconds; Infinity before it was sent. */
  sentAtUs(hop: number, round: number): number {
    return this.#sentAtUs[this.#cell(hop, round)] ?? Number.POSITIVE_INFINITY;
  }

  /** How many lost probes this one follows. */
  retry(hop: number, round: number): number {
    return this.#retries?.get(this.#cell(hop, round)) ?? 0;
  }

  /** Takes a probe on. @returns its round */
  add(hop: number, retry: number): number {
    let round = 0;
    while (this.state(hop, round) !== undefined) round++;
    const cell = this.#cell(hop, round);
    if (cell >= this.#states.length) this.#grow();
    this.#states[cell] = 'queued';
    if (retry > 0) this.#retries = (this.#retries ?? new Map()).set(cell, retry);
    return round;
  }

  noteSent(hop: number, round: number, sentAtUs: number): void {
    const cell = this.#cell(hop, round);
    this.#states[cell] = 'sent';
    this.#sentAtUs[cell] = sentAtUs;
  }

  noteReply(hop: number, reply: ProbeReply): void {
    const cell = this.#cell(hop, reply.round);
    this.#states[cell] = 'answered';
    this.#replies[cell] = reply;
  }

  /**
   * Counts an answer for a lost probe of another hop.
   *
   * @returns the round of that probe; undefined, and nothing is changed, where none was lost
   */
  moveReply(
    from: { readonly hop: number; readonly round: number },
    hop: number,
  ): number | undefined {
    for (let round = 0; this.state(hop, round) !== undefined; round++) {
      if (this.state(hop, round) !== 'lost') continue;
      const cell = this.#cell(hop, round);
      this.#states[cell] = 'answered';
      this.#replies[cell] = this.#replies[this.#cell(from.hop, from.round)];
      return round;
    }
    return undefined;
  }

  /** Undefined where there is none. */
  reply(hop: number, round: number): ProbeReply | undefined {
    return this.#replies[this.#cell(hop, round)];
  }

  noteUnsent(hop: number, round: number, error: string | undefined): void {
    const cell = this.#cell(hop, round);
    this.#states[cell] = 'unsent';
    if (error !== undefined) this.#errors = (this.#errors ?? new Map()).set(cell, error);
  }

  noteLost(hop: number, round: number, state: 'lost' | 'replaced'): void {
    this.#states[this.#cell(hop, round)] = state;
  }

  /** Whether a probe of the hop has no outcome yet. */
  isAwaiting(hop: number): boolean {
    for (let cell = hop; this.#states[cell] !== undefined; cell += this.#hops) {
      if (this.#states[cell] === 'queued' || this.#states[cell] === 'sent') return true;
    }
    return false;
  }

  /** Round trip of the slowest reply; Infinity where there is none. */
  slowestUs(hop: number): number {
    let slowest = Number.NEGATIVE_INFINITY;
    for (let cell = hop; this.#states[cell] !== undefined; cell += this.#hops) {
      slowest = Math.max(slowest, this.#replies[cell]?.rttUs ?? slowest);
    }
    return slowest === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : slowest;
  }

  /** Of the first probe that has one. */
  firstReply(hop: number): ProbeReply | undefined {
    for (let cell = hop; this.#states[cell] !== undefined; cell += this.#hops) {
      if (this.#replies[cell] !== undefined) return this.#replies[cell];
    }
    return undefined;
  }

  /** All of a hop. @param ttl of the hop */
  viewOf(hop: number, ttl: number): TraceHop {
    const probes: TraceProbe[] = [];
    for (let round = 0; this.state(hop, round) !== undefined; round++) {
      probes.push(this.probeOf(hop, round, ttl));
    }
    return { ttl, probes, firstReply: this.firstReply(hop) };
  }

  /** @param ttl of the hop */
  probeOf(hop: number, round: number, ttl: number): TraceProbe {
    const cell = this.#cell(hop, round);
    return {
      ttl,
      round,
      state: this.#states[cell] ?? 'queued',
      reply: this.#replies[cell],
      error: this.#errors?.get(cell),
    };
  }

  #cell(hop: number, round: number): number {
    return round * this.#hops + hop;
  }

  /** By one round where there are few, as most traces need no more, and by half of what is many. */
  #grow(): void {
    const rounds = this.#states.length / this.#hops;
    const further = Math.max(Math.ceil(rounds / 2), Math.floor(GROWN_CELLS / this.#hops));
    const cells = this.#hops * further;
    this.#states = this.#states.concat(new Array(cells).fill(undefined));
    this.#sentAtUs = this.#sentAtUs.concat(new Array(cells).fill(Number.POSITIVE_INFINITY));
    this.#replies = this.#replies.concat(new Array(cells).fill(undefined));
  }
}
