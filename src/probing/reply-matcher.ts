/**
 * Finds the probe that a reply answers. The token leads to one row, which is believed only if the
 * rest of what the reply shows fits that row's flow. Where something on the way rewrote the token,
 * or an answer has none by nature, addresses and ports lead to the flow, and to the probe 16 bits,
 * or 32 bits by which the flow's tokens are known to be shifted.
 */

import { isSameAddress } from '../lib/ip-address.ts';
import type { Mutable } from '../lib/mutable.ts';
import type { MatchKey } from '../model/probe.ts';
import type { Reply } from '../wire/reply.ts';
import type { Flow } from './flow.ts';
import type { FlowBook, ProbedFlow } from './flow-book.ts';
import { type InFlight, NO_SLOT, PROBE_AWAITED } from './in-flight.ts';
import { claimOf, newClaim, type ProbeClaim } from './probe-claim.ts';
import { secondaryKey } from './probe-packet.ts';
import type { ProbeTokens } from './probe-token.ts';

/** The row that a reply belongs to. One object, which is used again: valid until the next match. */
export interface Match {
  readonly slot: number;
  readonly flow: ProbedFlow;
  readonly isTranslated: boolean;
  readonly key: MatchKey;
}

export interface MatcherParts {
  readonly flows: FlowBook;
  readonly inFlight: InFlight;
  readonly tokens: ProbeTokens;
}

/** Reads rows and flows; changes nothing. */
export class ReplyMatcher {
  readonly #parts: MatcherParts;
  readonly #claim = newClaim();
  #match: Mutable<Match> | undefined;

  constructor(parts: MatcherParts) {
    this.#parts = parts;
  }

  /** @returns undefined when the reply answers no probe that is remembered */
  match(reply: Reply): Match | undefined {
    const claim = claimOf(reply, this.#claim);
    if (claim === undefined) return undefined;
    const isQuote = reply.kind === 'icmp-error';
    return (
      (claim.hasToken ? this.#inSlot(claim, this.#slotOf(claim.token), isQuote) : undefined) ??
      (claim.hasSpareToken
        ? this.#inSlot(claim, this.#slotOf(claim.spareToken), isQuote)
        : undefined) ??
      (reply.kind === 'tcp' ? this.#byTokenBeforePayload(claim) : undefined) ??
      (reply.kind === 'tcp' ? this.#byShiftedToken(claim) : undefined) ??
      this.#byTuple(claim)
    );
  }

  /** `NO_SLOT` where no row that lives has the token. */
  #slotOf(token: number): number {
    const { inFlight, tokens } = this.#parts;
    return inFlight.slotOf(tokens.decode(token));
  }

  #inSlot(claim: ProbeClaim, slot: number, isQuote: boolean): Mutable<Match> | undefined {
    if (slot === NO_SLOT) return undefined;
    const { inFlight, flows } = this.#parts;
    const flow = flows.at(inFlight.flow[slot] ?? 0);
    if (flow === undefined || !isOfFlow(claim, flow)) return undefined;
    const isTranslated =
      claim.sourcePort !== flow.flow.sourcePort || !isSameAddress(claim.source, flow.flow.source);
    // Whoever translates sees to it that direct answers come to where the probe was sent from.
    if (isTranslated && !isQuote) return undefined;
    return this.#found(slot, flow, isTranslated, 'token');
  }

  /** A reset of a SYN that carries data acknowledges the data as well (RFC 9293 §3.10.7.1). */
  #byTokenBeforePayload(claim: ProbeClaim): Match | undefined {
    const { flows } = this.#parts;
    const lengths = new Set(
      flows.alike(claim).map((index) => flows.at(index)?.flow.payload.length ?? 0),
    );
    for (const length of lengths) {
      if (length === 0) continue;
      const match = this.#inSlot(claim, this.#slotOf((claim.token - length) | 0), false);
      if (match?.flow.flow.payload.length === length) return match;
    }
    return undefined;
  }

  /** A segment that acknowledges what a middlebox made of a probe (see `token-shifts.ts`). */
  #byShiftedToken(claim: ProbeClaim): Match | undefined {
    const { flows, inFlight } = this.#parts;
    for (const index of flows.alike(claim)) {
      const { known } = flows.at(index)?.shifts ?? { known: NO_SHIFTS };
      for (const shift of known) {
        const match = this.#inSlot(claim, this.#slotOf((claim.token - shift) | 0), false);
        if (match === undefined || inFlight.flow[match.slot] !== index) continue;
        match.key = 'shifted-token';
        return match;
      }
    }
    return undefined;
  }

  #byTuple(claim: ProbeClaim): Match | undefined {
    if (claim.secondaryKey < 0 && !claim.isTokenless) return undefined;
    let found: Match | undefined;
    for (const index of this.#parts.flows.alike(claim)) {
      const flow = this.#parts.flows.at(index);
      if (flow === undefined || !isOfFlow(claim, flow)) continue;
      const slot = claim.isTokenless
        ? this.#nearestAwaited(index, flow)
        : this.#withKey(index, flow, claim.secondaryKey);
      if (slot === NO_SLOT || !this.#isPlausible(slot, flow)) continue;
      if (found !== undefined) return undefined; // two probes fit alike: nobody can tell
      const isTranslated = !isSameAddress(claim.source, flow.flow.source);
      found = this.#found(slot, flow, isTranslated, claim.isTokenless ? 'addresses' : 'half-token');
    }
    return found;
  }

  #found(slot: number, flow: ProbedFlow, isTranslated: boolean, key: MatchKey): Mutable<Match> {
    const match = this.#match;
    if (match === undefined) {
      this.#match = { slot, flow, isTranslated, key };
      return this.#match;
    }
    match.slot = slot;
    match.flow = flow;
    match.isTranslated = isTranslated;
    match.key = key;
    return match;
  }

  /**
   * Sixteen bits are guessed once in 65,536 tries, and a flow has hundreds of probes that are
   * remembered. Until one that is awaited was answered so, none is believed of the others: of what
   * a forger sends, only what hits one of the few probes under way can pass.
   */
  #isPlausible(slot: number, { isRewritten }: ProbedFlow): boolean {
    return isRewritten || this.#parts.inFlight.state[slot] === PROBE_AWAITED;
  }

  #withKey(index: number, { flow, lastSlot }: ProbedFlow, key: number): number {
    const { inFlight, tokens } = this.#parts;
    return inFlight.search(
      index,
      lastSlot,
      (slot) => secondaryKey(flow, tokens.encode(inFlight.counterOf(slot))) === key,
    );
  }

  /**
   * The awaited probe with the lowest TTL above all at which routers answered: the first that can
   * have come to the target.
   */
  #nearestAwaited(index: number, { lastSlot, farthestRouterTtl }: ProbedFlow): number {
    return this.#parts.inFlight.nearestAwaited(index, lastSlot, farthestRouterTtl);
  }
}

const NO_SHIFTS: readonly number[] = [];

/** Whether a claim has destination, protocol and destination port of the flow. */
export function isOfFlow(claim: ProbeClaim, { flow, probesSent }: ProbedFlow): boolean {
  if (claim.protocol !== protocolOf(flow)) return false;
  if (!isSameAddress(claim.destination, flow.destination)) return false;
  if (flow.protocol === 'icmp') return true;
  const offset = claim.destinationPort - flow.destinationPort;
  return flow.protocol === 'udp-classic' ? offset >= 0 && offset < probesSent : offset === 0;
}

function protocolOf({ protocol }: Flow): ProbeClaim['protocol'] {
  if (protocol === 'tcp-ack') return 'tcp';
  return protocol === 'udp-classic' ? 'udp' : protocol;
}
