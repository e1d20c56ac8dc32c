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

/** All probes of a TTL. */
export class TraceHop {
  readonly ttl: number;
  #probes: readonly TraceProbe[] = NO_PROBES;
  /** Probes that are still to be asked for, retries aside. */
  queriesLeft: number;
  #slowestUs = Number.POSITIVE_INFINITY;
  #firstReply: ProbeReply | undefined;

  constructor(ttl: number, queries: number) {
    this.ttl = ttl;
    this.queriesLeft = queries;
  }

  get probes(): readonly TraceProbe[] {
    return this.#probes;
  }

  /** Round trip of the slowest reply; Infinity where there is none. */
  get slowestUs(): number {
    return this.#slowestUs;
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
    return !this.#probes.every(({ state }) => state !== 'queued' && state !== 'sent');
  }

  add(retriesLeft: number): TraceProbe {
    const probe: TraceProbe = {
      ttl: this.ttl,
      round: this.#probes.length,
      sentAtUs: Number.POSITIVE_INFINITY,
      state: 'queued',
      reply: undefined,
      error: undefined,
      retriesLeft,
      isReplaced: false,
    };
    // As long as it has to be: arrays that grow by push have room for 17 more.
    this.#probes = this.#probes.concat(probe);
    return probe;
  }

  noteReply(probe: TraceProbe, reply: ProbeReply): void {
    probe.state = 'answered';
    probe.reply = reply;
    this.#firstReply ??= reply;
    const isFirst = this.#slowestUs === Number.POSITIVE_INFINITY;
    this.#slowestUs = isFirst ? reply.rttUs : Math.max(this.#slowestUs, reply.rttUs);
  }
}

const NO_PROBES: readonly TraceProbe[] = [];
