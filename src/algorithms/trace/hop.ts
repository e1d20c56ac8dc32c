/** The probes of one TTL, and what came of them. */

import type { ProbeReply } from '../../model/probe.ts';

/** A probe that was asked for: on its way to being sent, awaited, answered or given up. */
export interface TraceProbe {
  readonly ttl: number;
  /** Counts the probes of its TTL from 0 up. */
  readonly round: number;
  /** Monotonic microseconds; Infinity before it was sent. */
  sentAtUs: number;
  state: 'queued' | 'sent' | 'answered' | 'lost' | 'unsent';
  reply: ProbeReply | undefined;
  /** Why it was not sent: the kernel's reason, an errno name. */
  error: string | undefined;
  /** Further probes that may replace it. */
  readonly retriesLeft: number;
  /** Whether another probe was sent in its place. */
  isReplaced: boolean;
}

/** All probes of a TTL. Thousands of traces have dozens of these: it holds no more than it must. */
export class TraceHop {
  readonly ttl: number;
  /** Probes that are still to be asked for, retries aside. */
  queriesLeft: number;
  /** Most hops have one probe: a list would be as large as the probe. */
  #first: TraceProbe | undefined;
  #others: readonly TraceProbe[] = NO_PROBES;
  #firstReply: ProbeReply | undefined;

  constructor(ttl: number, queries: number) {
    this.ttl = ttl;
    this.queriesLeft = queries;
  }

  /** In the order in which they were asked for. */
  get probes(): readonly TraceProbe[] {
    return this.#first === undefined ? NO_PROBES : [this.#first, ...this.#others];
  }

  /** The probe that is the nth of its TTL, counted from 0 up. */
  probeAt(round: number): TraceProbe | undefined {
    return round === 0 ? this.#first : this.#others[round - 1];
  }

  /** Round trip of the slowest reply; Infinity where there is none. */
  get slowestUs(): number {
    if (this.#firstReply === undefined) return Number.POSITIVE_INFINITY;
    return this.probes.reduce((slowest, { reply }) => Math.max(slowest, reply?.rttUs ?? 0), 0);
  }

  get firstReply(): ProbeReply | undefined {
    return this.#firstReply;
  }

  /** Whether every probe has been asked for and has its outcome. */
  get isSettled(): boolean {
    return this.queriesLeft === 0 && !this.isAwaiting;
  }

  /** Whether a probe has no outcome yet. */
  get isAwaiting(): boolean {
    return isOpen(this.#first) || this.#others.some(isOpen);
  }

  add(retriesLeft: number): TraceProbe {
    const probe: TraceProbe = {
      ttl: this.ttl,
      round: this.#first === undefined ? 0 : 1 + this.#others.length,
      sentAtUs: Number.POSITIVE_INFINITY,
      state: 'queued',
      reply: undefined,
      error: undefined,
      retriesLeft,
      isReplaced: false,
    };
    if (this.#first === undefined) this.#first = probe;
    else this.#others = this.#others.concat(probe); // by push it would have room for 17 more
    return probe;
  }

  noteReply(probe: TraceProbe, reply: ProbeReply): void {
    probe.state = 'answered';
    probe.reply = reply;
    this.#firstReply ??= reply;
  }
}

const NO_PROBES: readonly TraceProbe[] = [];

function isOpen(probe: TraceProbe | undefined): boolean {
  return probe?.state === 'queued' || probe?.state === 'sent';
}
