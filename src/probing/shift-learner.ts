/** Finds out where the TCP sequence numbers of flows are shifted on the way, and by how much. */

import type { Reply, TcpReply } from '../wire/reply.ts';
import type { ProbedFlow } from './flow-book.ts';
import { claimOf, newClaim } from './probe-claim.ts';
import { isOfFlow, type Match, type MatcherParts } from './reply-matcher.ts';
import { type HeldAnswer, type ShiftGuess, TokenShifts } from './token-shifts.ts';

/** Answers to probes carry no data worth keeping; what is longer is not held back. */
const HELD_BYTES_MAX = 256;
/** Probes that one answer may be for; with more, nobody could tell in time. */
const GUESSES_MAX = 32;

/** Teaches flows their shifts; believes no packet by itself. */
export class ShiftLearner {
  readonly #parts: MatcherParts;
  readonly #claim = newClaim();

  constructor(parts: MatcherParts) {
    this.#parts = parts;
  }

  /** Learns from a quote that was known by its second key alone. */
  fromQuote(reply: Reply, { flow, slot }: Match): void {
    if (reply.kind !== 'icmp-error') return;
    const { transport } = reply.quote;
    if (transport.kind !== 'tcp' || flow.flow.protocol !== 'tcp') return;
    flow.shifts ??= new TokenShifts();
    flow.shifts.learn(this.#shiftFrom(slot, transport.sequence));
  }

  /**
   * Learns from a segment that answers no probe as it is.
   *
   * @returns packets that answer probes now: this one and one before it, or none
   */
  fromSegment(reply: TcpReply, { packet, receivedAtUs }: HeldAnswer): readonly HeldAnswer[] {
    const claim = packet.length > HELD_BYTES_MAX ? undefined : claimOf(reply, this.#claim);
    if (claim === undefined) return [];
    for (const index of this.#parts.flows.alike(claim)) {
      const flow = this.#parts.flows.at(index);
      if (flow?.flow.protocol !== 'tcp' || !isOfFlow(claim, flow)) continue;
      const guesses = this.#guesses(index, flow, claim.token);
      if (guesses.length === 0) continue;
      flow.shifts ??= new TokenShifts();
      // A copy: the caller's bytes are those of its receive buffer.
      return flow.shifts.hold({ packet: packet.slice(), receivedAtUs }, guesses);
    }
    return [];
  }

  /** The awaited probes that can have come to the target, each with the shift it would mean. */
  #guesses(index: number, flow: ProbedFlow, token: number): ShiftGuess[] {
    const { inFlight } = this.#parts;
    const where = { last: flow.lastSlot, beyondTtl: flow.farthestRouterTtl };
    const guesses: ShiftGuess[] = [];
    inFlight.eachAwaited(index, where, (slot) => {
      if (guesses.length === GUESSES_MAX) return;
      const shift = this.#shiftFrom(slot, token);
      guesses.push({ counter: inFlight.counterOf(slot), shift });
    });
    return guesses;
  }

  #shiftFrom(slot: number, token: number): number {
    const { inFlight, tokens } = this.#parts;
    return (token - tokens.encode(inFlight.counterOf(slot))) >>> 0;
  }
}
