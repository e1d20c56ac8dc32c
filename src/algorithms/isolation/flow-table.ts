/**
 * What is known of every flow: who answers at each TTL, where the target is, and what became of
 * the probes of the rounds that are over.
 */

import { type PathCounts, STAR } from '../../model/path-counts.ts';
import type { ProbeReply } from '../../model/probe.ts';
import { type AskedProbe, clockedResponders } from './answer-pace.ts';
import type { Awaited } from './counted-path.ts';
import { SILENT_PROBES } from './epoch-counts.ts';
import { Handshakes } from './handshakes.ts';
import { type MeasuredPaths, measurePaths } from './measured-paths.ts';
import { ANSWERED_LATE, FROM_TARGET, type Observation, Rounds, VOID } from './rounds.ts';

export interface FlowTableOptions {
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Address index of the target. */
  readonly target: number;
  /** Where flows have targets of their own: that of each. */
  readonly targetOf?: (flow: number) => number;
}

/** A router's word that it does not forward a flow (ICMP unreachable). */
export interface Refusal {
  readonly hop: number;
  /** Address index of the router. */
  readonly responder: number;
}

interface Flow {
  /** Who answered last at each hop. */
  readonly responders: number[];
  /** Probes of rounds that are over, by hop. */
  readonly sent: number[];
  /** In the order of rounds. */
  readonly observations: Observation[];
  readonly unsteadyHops: Set<number>;
  /** Hop of the target, or undefined while it has not answered. */
  reachedHop: number | undefined;
  /** Routers that answered from the target's hop or behind it since the target last did. */
  routersBehind: number;
  /** The nearest hop from which a router said that it will not forward the flow. */
  refusal: Refusal | undefined;
  lastKnownHop: number;
}

/** The first repeat of a lost answer that was to come has come by then, and the second, … */
export const FIRST_REPEAT_US = 1_500_000;
/** … which comes 3 s after the first answer. */
export const SECOND_REPEAT_US = 4_000_000;
/** Routers that answer from where the target was, before the target counts as farther away. */
const ROUTERS_BEHIND_MAX = 2;

/** Hops are counted from 0, which is `minTtl`. */
export class FlowTable {
  readonly #options: FlowTableOptions;
  readonly #flows: Flow[] = [];
  readonly #rounds = new Rounds();
  #roundsOver = 0;
  #measured: MeasuredPaths | undefined;
  /** When somebody last looked, and the targets that repeat answers that were lost. */
  #nowUs = Number.POSITIVE_INFINITY;
  readonly #repeating = new Set<number>();
  readonly #handshakes = new Handshakes((flow) => this.targetOf(flow));

  constructor(options: FlowTableOptions) {
    this.#options = options;
    const hops = options.maxTtl - options.minTtl + 1;
    for (let i = 0; i < options.flows; i++) this.#flows.push(newFlow(hops));
  }

  /** How many flows there are, probed or not. */
  get flows(): number {
    return this.#flows.length;
  }

  /** Address index of the target of a flow. */
  targetOf(flow: number): number {
    const { target, targetOf } = this.#options;
    return targetOf?.(flow) ?? target;
  }

  /** Opens the next round; its number. */
  startRound(): number {
    return this.#rounds.start();
  }

  /** Notes that a probe of the newest round was ordered. */
  ordered(): void {
    this.#rounds.ordered();
  }

  replied(reply: ProbeReply): void {
    const hop = this.#hopOf(reply);
    const { round } = reply;
    const atUs = reply.details?.sentAtUs ?? round;
    const isTimed = reply.details !== undefined;
    if (reply.kind === 'accepted' && isTimed)
      this.#handshakes.opened(reply.flow, atUs, reply.rttUs);
    this.#rounds.settle(reply.flow, { round, hop, atUs, answer: answerOf(reply) });
    this.#learn(reply);
  }

  /** @param sentAtUs when the probe was sent; the number of its round where nobody noted that */
  lost(flow: number, ttl: number, round: number, sentAtUs: number = round): void {
    const hop = this.#hopOf({ ttl });
    const answer = this.#isExcused(flow, { hop, atUs: sentAtUs }) ? VOID : STAR;
    this.#rounds.settle(flow, { round, hop, atUs: sentAtUs, answer });
  }

  /** An answer to a probe that counts as lost, but was only slow. */
  repliedLate(reply: ProbeReply): void {
    const loss = this.#lossOf(reply);
    if (loss !== undefined) loss.answer = answerOf(reply);
    this.#learn(reply);
  }

  /**
   * The target's repeated answer to a probe that counts as lost: the probe arrived, and its first
   * answer did not. What the flow lost until then, it may have lost because the target was busy.
   */
  answeredLate(reply: ProbeReply): void {
    const flow = this.#flows[reply.flow];
    const loss = this.#lossOf(reply);
    if (loss === undefined || flow === undefined) return;
    loss.answer = ANSWERED_LATE;
    this.#repeating.add(this.targetOf(reply.flow));
    const { hop, atUs } = loss;
    const isTimed = reply.details !== undefined;
    const untilUs = isTimed ? atUs + reply.rttUs : this.#rounds.started;
    this.#handshakes.lasted(reply.flow, atUs, untilUs);
    reach(flow, hop);
    this.#excuse(reply.flow);
  }

  /** A probe that was never sent is taken out of its round. */
  unsent(round: number): void {
    this.#rounds.withdraw(round);
  }

  /**
   * Adds up the rounds that are over; returns how many they were.
   *
   * @param nowUs by the clock of `sentAtUs`; later than any repeat where it is left out
   */
  commitRounds(nowUs: number = Number.POSITIVE_INFINITY): number {
    this.#nowUs = nowUs;
    if (this.#repeating.size > 0) this.#measured = undefined;
    const over = this.#rounds.takeOver((index, observation) => {
      const flow = this.#flows[index];
      if (flow === undefined) return;
      this.#measured = undefined;
      flow.observations.push(observation);
      flow.sent[observation.hop] = (flow.sent[observation.hop] ?? 0) + 1;
    });
    this.#roundsOver += over;
    return over;
  }

  /** Rounds whose outcome is not yet known. */
  get openRounds(): number {
    return this.#rounds.open;
  }

  /** Whether anybody has answered anything. */
  get hasAnswers(): boolean {
    return this.#flows.some(
      ({ lastKnownHop, reachedHop }) => lastKnownHop >= 0 || reachedHop !== undefined,
    );
  }

  /** Who answers at a hop, or `STAR`. */
  responderAt(flow: number, hop: number): number {
    const known = this.#flows[flow];
    if (known?.reachedHop === hop) return this.targetOf(flow);
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

  /** Probes of rounds that are over. */
  askedAt(flow: number, hop: number): number {
    return this.#flows[flow]?.sent[hop] ?? 0;
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

  /** The hop at which a path comes back to an interface that it has passed; undefined if none. */
  loopHop(flow: number): number | undefined {
    const { responders, reachedHop } = this.#flows[flow] ?? newFlow(0);
    if (reachedHop !== undefined) return undefined;
    for (let hop = 2; hop < responders.length; hop++) {
      const responder = responders[hop] ?? STAR;
      if (responder !== STAR && responders.lastIndexOf(responder, hop - 2) >= 0) return hop;
    }
    return undefined;
  }

  hasChangedPath(flow: number): boolean {
    return this.measured().changes.some((change) => change.flow === flow);
  }

  /** What became of a flow's probes, in the order of rounds. */
  observationsOf(flow: number): readonly Observation[] {
    return this.#flows[flow]?.observations ?? [];
  }

  /** Who answered at each hop of the path that a flow takes now, or `STAR`. */
  pathOf(flow: number): readonly number[] {
    return this.measured().counts.flows[flow]?.responders ?? [];
  }

  /** The counts of all rounds that are over. */
  counts(): PathCounts {
    return this.measured().counts;
  }

  /** What the target answered of the probes to it, in the rounds from one to before another. */
  targetAnswers(fromRound: number, untilRound: number): { sent: number; received: number } {
    const tally = { sent: 0, received: 0 };
    for (const { observations, reachedHop } of this.#flows) {
      for (const { round, hop, answer } of observations) {
        if (hop !== reachedHop || round < fromRound || round >= untilRound || answer === VOID) {
          continue;
        }
        tally.sent++;
        if (answer !== STAR) tally.received++;
      }
    }
    return tally;
  }

  /** Paths, their counts and their changes over all rounds that are over. */
  measured(): MeasuredPaths {
    this.#measured ??= measurePaths(
      this.#flows.map((flow, index) => ({
        ...flow,
        refusalHop: flow.refusal?.hop,
        target: this.targetOf(index),
        awaited: this.#awaited(index),
      })),
      {
        minTtl: this.#options.minTtl,
        target: this.#options.target,
        rounds: this.#roundsOver,
        clocked: clockedResponders(this.#askedProbes()),
      },
    );
    return this.#measured;
  }

  /** Probes to hops of which it is known who answers there. */
  *#askedProbes(): Generator<AskedProbe> {
    for (const [flow, { observations }] of this.#flows.entries()) {
      for (const { hop, atUs, answer } of observations) {
        const responder = this.responderAt(flow, hop);
        if (responder === STAR || answer === VOID) continue;
        yield { responder, atUs, isAnswered: answer !== STAR };
      }
    }
  }

  /** What of a flow still awaits the repeats of its target. */
  #awaited(index: number): Awaited | undefined {
    if (!this.#repeating.has(this.targetOf(index))) return undefined;
    const known = this.observationsOf(index);
    const answeredAtUs = known.findLast(({ answer }) => answer === FROM_TARGET)?.atUs ?? 0;
    const fromUs = this.#nowUs - FIRST_REPEAT_US;
    // Where answers of the flow are known to get lost, all repeats of one may have been.
    const isReturnLossy = known.some(({ answer }) => answer === ANSWERED_LATE);
    const since = isReturnLossy ? answeredAtUs : this.#nowUs - SECOND_REPEAT_US;
    return { fromUs, lostFromUs: Math.min(fromUs, Math.max(answeredAtUs, since)) };
  }

  #hopOf({ ttl }: { readonly ttl: number }): number {
    return ttl - this.#options.minTtl;
  }

  /** The loss that a late answer puts right: of several in its round, the one sent at its time. */
  #lossOf({ flow, ttl, round, details }: ProbeReply): Observation | undefined {
    const hop = this.#hopOf({ ttl });
    this.#measured = undefined;
    const known = [...this.observationsOf(flow), ...this.#rounds.outcomesOf(flow, round)];
    const losses = known.filter(
      (each) => each.round === round && each.hop === hop && each.answer === STAR,
    );
    return losses.find(({ atUs }) => atUs === details?.sentAtUs) ?? losses[0];
  }

  /** What became of a flow's probes, those of rounds that are not over included. */
  #outcomesOf(flow: number): readonly Observation[] {
    return [...this.observationsOf(flow), ...this.#rounds.outcomesOf(flow)];
  }

  /** Takes out what a flow lost while its target was busy. */
  #excuse(flow: number): void {
    for (const observation of this.#outcomesOf(flow)) {
      if (observation.answer === STAR && this.#isExcused(flow, observation)) {
        observation.answer = VOID;
      }
    }
  }

  /** Whether a probe got to a target that was busy, whatever the TTL that took it there. */
  #isExcused(flow: number, { hop, atUs }: Pick<Observation, 'hop' | 'atUs'>): boolean {
    const reachedHop = this.reachedHop(flow) ?? Number.POSITIVE_INFINITY;
    return hop >= reachedHop && this.#handshakes.isBusy(flow, atUs);
  }

  #learn(reply: ProbeReply): void {
    this.#measured = undefined;
    const flow = this.#flows[reply.flow];
    if (flow === undefined) return;
    const hop = this.#hopOf(reply);
    if (answerOf(reply) === FROM_TARGET) {
      // What was lost at the hops between was lost by the target as well.
      if (reach(flow, hop)) this.#excuse(reply.flow);
    } else if (reply.kind === 'unreachable') refuse(flow, hop, reply.responder);
    else see(flow, hop, reply.responder);
  }
}

function newFlow(hops: number): Flow {
  return {
    responders: new Array<number>(hops).fill(STAR),
    sent: new Array<number>(hops).fill(0),
    observations: [],
    unsteadyHops: new Set(),
    reachedHop: undefined,
    routersBehind: 0,
    refusal: undefined,
    lastKnownHop: -1,
  };
}

function refuse(flow: Flow, hop: number, responder: number): void {
  if (hop < (flow.refusal?.hop ?? Number.POSITIVE_INFINITY)) flow.refusal = { hop, responder };
}

/** @returns whether the target is nearer than was known */
function reach(flow: Flow, hop: number): boolean {
  flow.routersBehind = 0;
  const isNearer = flow.reachedHop === undefined || hop < flow.reachedHop;
  if (isNearer) flow.reachedHop = hop;
  return isNearer;
}

function see(flow: Flow, hop: number, responder: number): void {
  const known = flow.responders[hop] ?? STAR;
  if (known !== STAR && known !== responder) flow.unsteadyHops.add(hop);
  flow.responders[hop] = responder;
  flow.lastKnownHop = Math.max(flow.lastKnownHop, hop);
  if (flow.reachedHop === undefined || hop < flow.reachedHop) return;
  flow.routersBehind++;
  if (flow.routersBehind < ROUTERS_BEHIND_MAX) return;
  flow.reachedHop = undefined;
  flow.routersBehind = 0;
}

function answerOf({ isTarget, kind, responder }: ProbeReply): number {
  return isTarget && kind !== 'time-exceeded' ? FROM_TARGET : responder;
}
