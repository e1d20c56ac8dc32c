/**
 * Answers of the target that come late, and what they say of the way back. A host that gets no
 * answer to its SYN-ACK sends it again after a second, and then after twice as long each time
 * (RFC 6298 §2.1, §5.5): an answer that comes about that much later than usual proves that the
 * probe arrived and that its first answer was lost. Where none comes, the probe itself was lost.
 */

import { STAR } from '../../model/path-counts.ts';
import type { ProbeReply } from '../../model/probe.ts';
import type { LocatedLoss } from '../localisation/localise.ts';
import { FIRST_REPEAT_US, type FlowTable, SECOND_REPEAT_US } from './flow-table.ts';
import { ANSWERED_LATE, type Observation } from './rounds.ts';

/** Hosts wait 1 s before they repeat; their timers are coarse. */
const REPEAT_AFTER_US = 900_000;
/** So many answered late, and not fewer than were not: the way back is to blame. */
const LATE_MIN = 3;
/** So many probes lost, none of them answered late: the way back is not to blame. */
const UNREPEATED_MIN = 4;

/** Probes to the target that counts as lost, on some flows. */
export interface TargetLosses {
  readonly answeredLate: number;
  /** Not answered late, though there was time for it. */
  readonly unanswered: number;
  /** When the last of all that were lost was sent, as far as its round tells; −∞ for none. */
  readonly newestUs: number;
}

/** Sorts the target's answers into first ones and repeats, before the flow table takes them. */
export class LateAnswers {
  readonly #table: FlowTable;
  readonly #roundStartedAtUs: number[] = [];
  /** By address index of the targets that accept connections: the fastest answer of each. */
  readonly #fastestUs = new Map<number, number>();

  constructor(table: FlowTable) {
    this.#table = table;
  }

  /** Whether a target accepts connections: one that resets them does not repeat its answers. */
  get canBeRepeated(): boolean {
    return this.#fastestUs.size > 0;
  }

  startedRound(round: number, nowUs: number): void {
    this.#roundStartedAtUs[round] = nowUs;
  }

  /** A reply to a probe that is still awaited. */
  replied(reply: ProbeReply): void {
    if (!this.#isRepeat(reply)) {
      this.#table.replied(reply);
      return;
    }
    this.#table.lost(reply.flow, reply.ttl, reply.round, reply.details?.sentAtUs);
    this.#table.answeredLate(reply);
  }

  /** A reply to a probe that counts as lost. */
  repliedLate(reply: ProbeReply): void {
    if (this.#isRepeat(reply)) this.#table.answeredLate(reply);
    else this.#table.repliedLate(reply);
  }

  /**
   * What late answers say of the losses of some flows at the target; flows to one that never
   * accepts connections are left out.
   */
  targetLosses(flows: Iterable<number>, nowUs: number): TargetLosses {
    let [answeredLate, unanswered, newestUs] = [0, 0, Number.NEGATIVE_INFINITY];
    for (const { round, answer } of this.#lossesAtTarget(flows)) {
      const sentAtUs = this.#roundStartedAtUs[round] ?? Number.NEGATIVE_INFINITY;
      if (answer === ANSWERED_LATE) {
        answeredLate++;
      } else {
        newestUs = Math.max(newestUs, sentAtUs);
        if (sentAtUs <= nowUs - FIRST_REPEAT_US) unanswered++;
      }
    }
    return { answeredLate, unanswered, newestUs };
  }

  *#lossesAtTarget(flows: Iterable<number>): Generator<Observation> {
    for (const flow of flows) {
      if (!this.#fastestUs.has(this.#table.targetOf(flow))) continue;
      const reachedHop = this.#table.reachedHop(flow);
      for (const observation of this.#table.observationsOf(flow)) {
        const { hop, answer } = observation;
        if (hop === reachedHop && (answer === STAR || answer === ANSWERED_LATE)) yield observation;
      }
    }
  }

  /**
   * Which way a loss took packets: back, where at least half of the probes that it kept from being
   * answered by the target were answered late; there, where none was.
   */
  directionOf({ flowsAcross }: LocatedLoss, nowUs: number): 'forward' | 'return' | 'unknown' {
    if (!this.canBeRepeated) return 'unknown';
    const { answeredLate, unanswered } = this.targetLosses(flowsAcross, nowUs);
    if (answeredLate >= LATE_MIN && answeredLate >= unanswered) return 'return';
    return answeredLate === 0 && unanswered >= UNREPEATED_MIN ? 'forward' : 'unknown';
  }

  /** Whether waiting for repeated answers may still show that losses are on the way back. */
  isAwaited(losses: readonly LocatedLoss[], nowUs: number): boolean {
    if (!this.canBeRepeated) return false;
    return losses.some(({ flowsAcross }) => {
      const { answeredLate, unanswered, newestUs } = this.targetLosses(flowsAcross, nowUs);
      if (answeredLate === 0 && unanswered >= UNREPEATED_MIN) return false;
      return nowUs < newestUs + SECOND_REPEAT_US;
    });
  }

  #isRepeat({ flow, kind, isTarget, rttUs }: ProbeReply): boolean {
    if (kind === 'acknowledged') return true;
    if (kind !== 'accepted' || !isTarget) return false;
    const target = this.#table.targetOf(flow);
    const fastestUs = Math.min(this.#fastestUs.get(target) ?? rttUs, rttUs);
    this.#fastestUs.set(target, fastestUs);
    return rttUs >= fastestUs + REPEAT_AFTER_US;
  }
}
