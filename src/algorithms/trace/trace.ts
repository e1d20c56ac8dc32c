/**
 * One traceroute, without input or output of its own: one probe for every TTL under way at once,
 * the others as soon as it is known how far away the target is, over when every hop up to there has
 * had its say. It is told what becomes of its probes and when; it says which probes it wants.
 */

import { keptReply, type ProbeReply } from '../../model/probe.ts';
import type { TraceStopReason } from '../../model/trace-record.ts';
import { endOfLoop } from './loop.ts';
import { answerFromBeyond, moveEndNear } from './nearest-end.ts';
import { replyWaitUs } from './reply-wait.ts';
import type { TraceSettings } from './trace-options.ts';
import { type TraceHop, type TraceProbe, TraceProbes } from './trace-probes.ts';

/** Whom a trace asks for probes, and tells what it learns. */
export interface TraceEnvironment {
  order(ttl: number, round: number): void;
  /** A probe has its outcome; of those beyond the end, as far as that is known, nothing is told. */
  readonly settled?: ((probe: TraceProbe) => void) | undefined;
}

/** The hops of one flow towards its target; in here they count from 0, the first TTL, up. */
export class Trace {
  readonly #settings: TraceSettings;
  readonly #environment: TraceEnvironment;
  readonly #startedAtUs: number;
  readonly #probes: TraceProbes;
  /** By hop: whether all its probes were asked for, retries aside. Where one is all, nothing. */
  readonly #isAskedAll: boolean[] = [];
  /** Hops that were taken on. */
  #hopCount = 0;
  #stopReason: TraceStopReason | undefined;
  #reachedTtl = Number.POSITIVE_INFINITY;
  #unreachableTtl = Number.POSITIVE_INFINITY;
  /** As far as the replies tell up to the last look at them. */
  #knownLoopTtl = Number.POSITIVE_INFINITY;
  /** Whether there were replies since. */
  #hasNews = false;
  #probesSent = 0;
  #lateReplies = 0;
  /** The farthest TTL that was answered. */
  #farthestTtl = 0;
  /** Where the trace ends, as far as is known. */
  #endTtl: number;

  constructor(settings: TraceSettings, environment: TraceEnvironment, nowUs: number) {
    this.#settings = settings;
    this.#environment = environment;
    this.#startedAtUs = nowUs;
    this.#probes = new TraceProbes(settings.maxTtl - settings.firstTtl + 1);
    this.#endTtl = settings.maxTtl;
    this.#extend();
  }

  /** Why it is over; undefined while it is not. */
  get stopReason(): TraceStopReason | undefined {
    return this.#stopReason;
  }

  /** From the first TTL on; nothing beyond the end of the trace. */
  get hops(): readonly TraceHop[] {
    return Array.from({ length: this.#hopsUpTo(this.#endTtl) }, (_, hop) =>
      this.#probes.viewOf(hop, this.#ttlOf(hop)),
    );
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
    const hop = this.#hopOf(ttl);
    if (this.#probes.state(hop, round) !== 'queued') return;
    this.#probesSent++;
    this.#probes.noteSent(hop, round, sentAtUs);
  }

  /** A reply, also one that others think late: this trace has its own patience. */
  replied(reply: ProbeReply): void {
    const hop = this.#hopOf(reply.ttl);
    const state = this.#probes.state(hop, reply.round);
    if (state === 'lost' || state === 'replaced') this.#lateReplies++;
    if (state !== 'sent') return;
    this.#probes.noteReply(hop, keptReply(reply));
    this.#hasNews = true;
    this.#farthestTtl = Math.max(this.#farthestTtl, reply.ttl);
    if (reply.isTarget && reply.kind !== 'time-exceeded') {
      this.#reachedTtl = Math.min(this.#reachedTtl, reply.ttl);
    } else if (reply.kind === 'unreachable') {
      this.#unreachableTtl = Math.min(this.#unreachableTtl, reply.ttl);
    }
    this.#endTtl = Math.min(this.#endTtl, this.#finalTtl());
    this.#settled(hop, reply.round);
    this.#followUp();
  }

  /** The probe was not sent. */
  unsent(ttl: number, round: number, error: string | undefined): void {
    const hop = this.#hopOf(ttl);
    const state = this.#probes.state(hop, round);
    if (state === undefined || state === 'answered') return;
    this.#probes.noteUnsent(hop, round, error);
    this.#isAskedAll[hop] = true;
    this.#settled(hop, round);
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
    const end = this.#hopsUpTo(this.#endTtl);
    this.#forEachAwaited((hop, round, waitUs) => {
      const dueUs = this.#probes.sentAtUs(hop, round) + waitUs;
      if (hop < end) earliest = Math.min(earliest, dueUs);
    });
    return earliest;
  }

  /** TTLs are taken on from the nearest, so many at a time, with one probe each. */
  #extend(): void {
    if (this.#ttlOf(this.#hopCount) > this.#endTtl) return;
    let open = 0;
    for (let hop = 0; hop < this.#hopCount; hop++) open += Number(!this.#isSettled(hop));
    while (open < this.#settings.parallelTtls && this.#ttlOf(this.#hopCount) <= this.#endTtl) {
      this.#query(this.#hopCount++);
      open++;
    }
  }

  /**
   * The further probes of each hop. Those beyond the target would all meet there, and use up what
   * it answers in a second: so they wait until something answers as far away, or until the first
   * probe is lost.
   */
  #followUp(): void {
    if (this.#settings.queries === 1) return;
    const end = this.#hopsUpTo(this.#endTtl);
    for (let hop = 0; hop < end; hop++) {
      if (this.#hasAskedAll(hop)) continue;
      if (this.#ttlOf(hop) > this.#farthestTtl && this.#probes.isAwaiting(hop)) continue;
      for (let query = 1; query < this.#settings.queries; query++) this.#query(hop);
      this.#isAskedAll[hop] = true;
    }
  }

  #query(hop: number): void {
    this.#environment.order(this.#ttlOf(hop), this.#probes.add(hop, 0));
  }

  #giveUp(nowUs: number): void {
    this.#forEachAwaited((hop, round, waitUs) => {
      if (this.#probes.sentAtUs(hop, round) + waitUs > nowUs) return;
      const retry = this.#probes.retry(hop, round) + 1;
      if (retry <= this.#settings.retries && this.#ttlOf(hop) <= this.#endTtl) {
        this.#probes.noteLost(hop, round, 'replaced');
        this.#environment.order(this.#ttlOf(hop), this.#probes.add(hop, retry));
      } else {
        this.#probes.noteLost(hop, round, 'lost');
        this.#settled(hop, round);
      }
    });
  }

  #settled(hop: number, round: number): void {
    const { settled } = this.#environment;
    const ttl = this.#ttlOf(hop);
    if (ttl <= this.#endTtl) settled?.(this.#probes.probeOf(hop, round, ttl));
  }

  /** Each probe under way, from the farthest hop on, and how long it is waited for once sent. */
  #forEachAwaited(visit: (hop: number, round: number, waitUs: number) => void): void {
    let fartherHopUs = Number.POSITIVE_INFINITY;
    for (let hop = this.#hopCount - 1; hop >= 0; hop--) {
      const sameHopUs = this.#probes.slowestUs(hop);
      const waitUs = replyWaitUs({ sameHopUs, fartherHopUs }, this.#settings.timeoutUs);
      for (let round = 0; this.#probes.state(hop, round) !== undefined; round++) {
        if (this.#probes.state(hop, round) === 'sent') visit(hop, round, waitUs);
      }
      if (sameHopUs !== Number.POSITIVE_INFINITY) fartherHopUs = sameHopUs;
    }
  }

  #reasonToStop(nowUs: number): TraceStopReason | undefined {
    const loop = this.#loopTtl();
    if (loop < this.#finalTtl()) this.#endTtl = Math.min(this.#endTtl, loop);
    if (this.#isSettledUpTo(this.#endTtl)) {
      if (this.#endTtl < loop) this.#drawNear();
      if (this.#reachedTtl <= this.#endTtl) return 'reached';
      if (loop <= this.#endTtl) return 'loop';
      if (this.#unreachableTtl <= this.#endTtl) return 'unreachable';
      return this.#cutGap() ? 'gap-limit' : 'max-ttl';
    }
    if (this.#cutGap()) return 'gap-limit';
    return nowUs >= this.#startedAtUs + this.#settings.maxTimeUs ? 'timeout' : undefined;
  }

  /** The end may be nearer than the nearest probe that it answered, and may owe more answers. */
  #drawNear(): void {
    if (this.#endTtl !== this.#finalTtl()) return;
    const moved = moveEndNear(this.#probes, this.#hopOf(this.#endTtl));
    if (moved !== undefined) {
      const ttl = this.#ttlOf(moved.hop);
      if (this.#reachedTtl === this.#endTtl) this.#reachedTtl = ttl;
      else this.#unreachableTtl = ttl;
      this.#endTtl = ttl;
      this.#settled(moved.hop, moved.round);
    }
    const owed = answerFromBeyond(this.#probes, this.#hopOf(this.#endTtl), this.#hopCount);
    for (const { hop, round } of owed) this.#settled(hop, round);
  }

  /** Ends the trace where too many hops in a row were silent, and nobody answers behind them. */
  #cutGap(): boolean {
    const { gapLimit, firstTtl } = this.#settings;
    if (gapLimit === 0) return false;
    const begin = Math.max(0, this.#farthestTtl - firstTtl + 1);
    const end = begin + gapLimit;
    if (end > this.#hopCount) return false;
    for (let hop = begin; hop < end; hop++) if (!this.#isSettled(hop)) return false;
    this.#endTtl = this.#ttlOf(end - 1);
    return true;
  }

  #isSettledUpTo(endTtl: number): boolean {
    const end = this.#hopOf(endTtl) + 1;
    if (this.#hopCount < end) return false;
    for (let hop = 0; hop < end; hop++) if (!this.#isSettled(hop)) return false;
    return true;
  }

  /** Whether every probe of a hop has been asked for and has its outcome. */
  #isSettled(hop: number): boolean {
    return this.#hasAskedAll(hop) && !this.#probes.isAwaiting(hop);
  }

  #hasAskedAll(hop: number): boolean {
    return this.#settings.queries === 1 || this.#isAskedAll[hop] === true;
  }

  /** The end that answers tell: the target if it was reached, else who refuses. */
  #finalTtl(): number {
    return this.#reachedTtl === Number.POSITIVE_INFINITY ? this.#unreachableTtl : this.#reachedTtl;
  }

  #loopTtl(): number {
    if (!this.#hasNews) return this.#knownLoopTtl;
    this.#hasNews = false;
    // Behind the target it is always the target that answers.
    const length = this.#hopsUpTo(Math.min(this.#farthestTtl, this.#finalTtl()));
    const responders = Array.from(
      { length },
      (_, hop) => this.#probes.firstReply(hop)?.responder ?? -1,
    );
    const end = endOfLoop(responders);
    this.#knownLoopTtl = end === -1 ? Number.POSITIVE_INFINITY : this.#ttlOf(end);
    return this.#knownLoopTtl;
  }

  /** How many of the hops that were taken on are no farther than this. */
  #hopsUpTo(ttl: number): number {
    return Math.min(this.#hopCount, this.#hopOf(ttl) + 1);
  }

  #hopOf(ttl: number): number {
    return ttl - this.#settings.firstTtl;
  }

  #ttlOf(hop: number): number {
    return this.#settings.firstTtl + hop;
  }
}
