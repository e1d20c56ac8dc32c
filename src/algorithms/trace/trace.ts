/**
 * One traceroute, without input or output of its own: one probe for every TTL under way at once,
 * the others as soon as it is known how far away the target is, over when every hop up to there has
 * had its say. It is told what becomes of its probes and when; it says which probes it wants.
 */

import type { ProbeReply } from '../../model/probe.ts';
import type { TraceStopReason } from '../../model/trace-record.ts';
import { TraceHop, type TraceProbe } from './hop.ts';
import { endOfLoop } from './loop.ts';
import { replyWaitUs } from './reply-wait.ts';
import type { TraceSettings } from './trace-options.ts';

/** Whom a trace asks for probes, and tells what it learns. */
export interface TraceEnvironment {
  order(ttl: number, round: number): void;
  /** A probe has its outcome; of those beyond the end, as far as that is known, nothing is told. */
  settled?(probe: TraceProbe): void;
}

/** The hops of one flow towards its target. */
export class Trace {
  readonly #settings: TraceSettings;
  readonly #environment: TraceEnvironment;
  readonly #hops: TraceHop[] = [];
  readonly #startedAtUs: number;
  #stopReason: TraceStopReason | undefined;
  #reachedTtl = Number.POSITIVE_INFINITY;
  #probesSent = 0;
  #lateReplies = 0;
  #unreachableTtl = Number.POSITIVE_INFINITY;
  /** The farthest TTL that was answered. */
  #farthestTtl = 0;
  /** Where the trace ends, as far as is known. */
  #endTtl: number;

  constructor(settings: TraceSettings, environment: TraceEnvironment, nowUs: number) {
    this.#settings = settings;
    this.#environment = environment;
    this.#startedAtUs = nowUs;
    this.#endTtl = settings.maxTtl;
    this.#extend();
  }

  /** Why it is over; undefined while it is not. */
  get stopReason(): TraceStopReason | undefined {
    return this.#stopReason;
  }

  /** From the first TTL on; nothing beyond the end of the trace. */
  get hops(): readonly TraceHop[] {
    return this.#hops.filter(({ ttl }) => ttl <= this.#endTtl);
  }

  /** Probes that went out, those beyond the end of the trace included. */
  get probesSent(): number {
    return this.#probesSent;
  }

  /** Replies to probes that were given up already. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  /** A probe went out. */
  sent(ttl: number, round: number, sentAtUs: number): void {
    const probe = this.#probeAt(ttl, round);
    if (probe?.state !== 'queued') return;
    this.#probesSent++;
    probe.state = 'sent';
    probe.sentAtUs = sentAtUs;
  }

  /** A reply, also one that others think late: this trace has its own patience. */
  replied(reply: ProbeReply): void {
    const hop = this.#hopAt(reply.ttl);
    const probe = hop?.probeAt(reply.round);
    if (probe?.state === 'lost') this.#lateReplies++;
    if (hop === undefined || probe?.state !== 'sent') return;
    hop.noteReply(probe, reply);
    this.#farthestTtl = Math.max(this.#farthestTtl, reply.ttl);
    if (reply.isTarget && reply.kind !== 'time-exceeded') {
      this.#reachedTtl = Math.min(this.#reachedTtl, reply.ttl);
    } else if (reply.kind === 'unreachable') {
      this.#unreachableTtl = Math.min(this.#unreachableTtl, reply.ttl);
    }
    this.#endTtl = Math.min(this.#endTtl, this.#finalTtl());
    this.#settled(probe);
    this.#followUp();
  }

  /** The probe was not sent. */
  unsent(ttl: number, round: number, error: string | undefined): void {
    const probe = this.#probeAt(ttl, round);
    if (probe === undefined || probe.state === 'answered') return;
    probe.state = 'unsent';
    probe.error = error;
    const hop = this.#hopAt(ttl);
    if (hop !== undefined) hop.queriesLeft = 0;
    this.#settled(probe);
  }

  /** Gives up what is overdue, asks for more, and ends when there is nothing left to learn. */
  advance(nowUs: number): void {
    if (this.#stopReason !== undefined) return;
    this.#giveUp(nowUs);
    this.#followUp();
    this.#extend();
    this.#stopReason = this.#reasonToStop(nowUs);
  }

  /** Ends the trace as it is. */
  abort(reason: 'aborted' | 'timeout'): void {
    this.#stopReason ??= reason;
  }

  /** When `advance` must be called again, if nothing happens before. */
  deadlineUs(): number {
    if (this.#stopReason !== undefined) return Number.POSITIVE_INFINITY;
    let earliest = this.#startedAtUs + this.#settings.maxTimeUs;
    let fartherHopUs = Number.POSITIVE_INFINITY;
    for (let i = this.#hops.length - 1; i >= 0; i--) {
      const hop = this.#hops[i] as TraceHop;
      if (hop.ttl <= this.#endTtl) {
        const waitUs = this.#waitUs(hop, fartherHopUs);
        for (const { state, sentAtUs } of hop.probes) {
          if (state === 'sent') earliest = Math.min(earliest, sentAtUs + waitUs);
        }
      }
      fartherHopUs = fartherOf(hop, fartherHopUs);
    }
    return earliest;
  }

  /** TTLs are taken on from the nearest, so many at a time, with one probe each. */
  #extend(): void {
    const { firstTtl, queries, parallelTtls } = this.#settings;
    let open = this.#hops.reduce((count, hop) => count + Number(!hop.isSettled), 0);
    while (open < parallelTtls && firstTtl + this.#hops.length <= this.#endTtl) {
      const hop = new TraceHop(firstTtl + this.#hops.length, queries);
      this.#hops.push(hop);
      this.#query(hop);
      open++;
    }
  }

  /**
   * The further probes of each hop. Those beyond the target would all meet there, and use up what
   * it answers in a second: so they wait until something answers as far away, or until the first
   * probe is lost.
   */
  #followUp(): void {
    for (const hop of this.#hops) {
      if (hop.ttl > this.#endTtl || hop.queriesLeft === 0) continue;
      if (hop.ttl > this.#farthestTtl && hop.isAwaiting) continue;
      while (hop.queriesLeft > 0) this.#query(hop);
    }
  }

  #query(hop: TraceHop): void {
    hop.queriesLeft--;
    const { ttl, round } = hop.add(this.#settings.retries);
    this.#environment.order(ttl, round);
  }

  #giveUp(nowUs: number): void {
    let fartherHopUs = Number.POSITIVE_INFINITY;
    for (let i = this.#hops.length - 1; i >= 0; i--) {
      const hop = this.#hops[i] as TraceHop;
      const waitUs = this.#waitUs(hop, fartherHopUs);
      for (const probe of hop.probes) {
        if (probe.state !== 'sent' || probe.sentAtUs + waitUs > nowUs) continue;
        probe.state = 'lost';
        if (probe.retriesLeft > 0 && hop.ttl <= this.#endTtl) this.#retry(hop, probe);
        else this.#settled(probe);
      }
      fartherHopUs = fartherOf(hop, fartherHopUs);
    }
  }

  #settled(probe: TraceProbe): void {
    if (probe.ttl <= this.#endTtl) this.#environment.settled?.(probe);
  }

  #retry(hop: TraceHop, lost: TraceProbe): void {
    lost.isReplaced = true;
    const { ttl, round } = hop.add(lost.retriesLeft - 1);
    this.#environment.order(ttl, round);
  }

  #reasonToStop(nowUs: number): TraceStopReason | undefined {
    const loop = this.#loopTtl();
    if (loop < this.#finalTtl()) this.#endTtl = Math.min(this.#endTtl, loop);
    if (this.#isSettledUpTo(this.#endTtl)) {
      if (this.#reachedTtl <= this.#endTtl) return 'reached';
      if (loop <= this.#endTtl) return 'loop';
      if (this.#unreachableTtl <= this.#endTtl) return 'unreachable';
      return this.#cutGap() ? 'gap-limit' : 'max-ttl';
    }
    if (this.#cutGap()) return 'gap-limit';
    return nowUs >= this.#startedAtUs + this.#settings.maxTimeUs ? 'timeout' : undefined;
  }

  /** Ends the trace where too many hops in a row were silent, and nobody answers behind them. */
  #cutGap(): boolean {
    const { gapLimit } = this.#settings;
    if (gapLimit === 0) return false;
    const last = this.#hops.findLastIndex(({ firstReply }) => firstReply !== undefined);
    const gap = this.#hops.slice(last + 1, last + 1 + gapLimit);
    if (gap.length < gapLimit || !gap.every(({ isSettled }) => isSettled)) return false;
    this.#endTtl = gap.at(-1)?.ttl ?? this.#endTtl;
    return true;
  }

  #isSettledUpTo(endTtl: number): boolean {
    const { firstTtl } = this.#settings;
    if (firstTtl + this.#hops.length <= endTtl) return false;
    return this.#hops.every(({ ttl, isSettled }) => ttl > endTtl || isSettled);
  }

  /** The end that answers tell: the target if it was reached, else who refuses. */
  #finalTtl(): number {
    return this.#reachedTtl === Number.POSITIVE_INFINITY ? this.#unreachableTtl : this.#reachedTtl;
  }

  #loopTtl(): number {
    const responders = this.#hops.map(({ firstReply }) => firstReply?.responder ?? -1);
    const end = endOfLoop(responders);
    return end === -1 ? Number.POSITIVE_INFINITY : this.#settings.firstTtl + end;
  }

  #waitUs(hop: TraceHop, fartherHopUs: number): number {
    return replyWaitUs({ sameHopUs: hop.slowestUs, fartherHopUs }, this.#settings.timeoutUs);
  }

  #hopAt(ttl: number): TraceHop | undefined {
    return this.#hops[ttl - this.#settings.firstTtl];
  }

  #probeAt(ttl: number, round: number): TraceProbe | undefined {
    return this.#hopAt(ttl)?.probeAt(round);
  }
}

/** What a hop tells about the hops before it. */
function fartherOf(hop: TraceHop, beyondUs: number): number {
  return hop.slowestUs === Number.POSITIVE_INFINITY ? beyondUs : hop.slowestUs;
}
