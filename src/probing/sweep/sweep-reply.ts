/**
 * Reads the replies to a sweep: each names its probe by its own bytes, and is believed only if the
 * token's check fits the addresses and ports beside it.
 */

import { isSameAddress } from '../../lib/ip-address.ts';
import type { SweepReply } from '../../model/sweep.ts';
import { isMalformed } from '../../wire/malformed.ts';
import { int32At } from '../../wire/octets.ts';
import type { PacketPart } from '../../wire/packet-part.ts';
import type { Reply } from '../../wire/reply.ts';
import { ReplyReader } from '../../wire/reply-reader.ts';
import { claimOf, newClaim, type ProbeClaim } from '../probe-claim.ts';
import { kindOf } from '../probe-outcome.ts';
import { PAYLOAD_TIME_AT, type SweepProbeShape } from './sweep-packet.ts';
import { type SweepTokenFields, type SweepTokens, TICKS } from './sweep-token.ts';

/** What a packet was. */
export type SweepReading = 'reply' | 'malformed' | 'foreign';

/** Clocks of sending and receiving may differ by this much. */
const CLOCK_SLACK_MS = 2;

/** Fills one reply again and again. */
export class SweepReplyReader {
  /** What the last packet said, after `read` returned `reply`. */
  readonly reply: SweepReply = {
    slot: -1,
    ttl: 0,
    flow: 0,
    interfaceHash: 0,
    isNewInterface: false,
    isTarget: false,
    distance: 0,
    kind: 'time-exceeded',
    target: new Uint8Array(0),
    responder: new Uint8Array(0),
    rttUs: 0,
    isRttExact: false,
    receivedAtUs: 0,
    icmpCode: 0,
    replyTtl: 0,
    isEnd: false,
    quotedTtl: -1,
    mpls: [],
  };
  readonly #replies = new ReplyReader();
  readonly #claim = newClaim();
  readonly #shape: SweepProbeShape;
  readonly #flows: number;
  readonly #tokens: SweepTokens;
  readonly #fields: SweepTokenFields = { ttl: 0, tick: 0 };

  /** @param flows how many there are, from `sourcePort` on */
  constructor(shape: SweepProbeShape, flows: number, tokens: SweepTokens) {
    this.#shape = shape;
    this.#flows = flows;
    this.#tokens = tokens;
  }

  /** Takes in one received packet, from its IP header on; any bytes will do. */
  read(packet: Uint8Array, receivedAtUs: number): SweepReading {
    const received = this.#replies.read(packet);
    if (isMalformed(received)) return 'malformed';
    const claim = claimOf(received, this.#claim);
    if (claim === undefined || received.kind === 'other') return 'foreign';
    const flow = claim.sourcePort - this.#shape.sourcePort;
    if (claim.protocol !== this.#shape.protocol || !(flow >= 0 && flow < this.#flows))
      return 'foreign';
    if (!isSameAddress(claim.source, this.#shape.source)) return 'foreign';
    if (!this.#readToken(claim)) return 'foreign';
    this.#fill(received, claim, flow, receivedAtUs);
    return 'reply';
  }

  #readToken(claim: ProbeClaim): boolean {
    const { destination, sourcePort, destinationPort } = claim;
    const isPortRight = destinationPort === -1 || destinationPort === this.#shape.destinationPort;
    if (!isPortRight) return false;
    const ports = (sourcePort << 16) | Math.max(0, destinationPort);
    const hash = this.#tokens.flowHash(destination, 0, destination.length, ports);
    return (
      (claim.hasToken && this.#tokens.read(claim.token, hash, this.#fields)) ||
      (claim.hasSpareToken && this.#tokens.read(claim.spareToken, hash, this.#fields))
    );
  }

  #fill(
    received: Exclude<Reply, { kind: 'other' }>,
    claim: ProbeClaim,
    flow: number,
    receivedAtUs: number,
  ): void {
    const { reply } = this;
    const isError = received.kind === 'icmp-error';
    const kind = kindOf(received);
    reply.ttl = this.#fields.ttl;
    reply.flow = flow;
    reply.kind = kind;
    reply.target = claim.destination;
    reply.responder = received.source;
    reply.interfaceHash = addressHash(received.source);
    reply.isTarget = isSameAddress(received.source, claim.destination) && kind !== 'time-exceeded';
    reply.isEnd = reply.isTarget || kind === 'unreachable';
    reply.quotedTtl = isError ? received.quote.ttl : -1;
    reply.distance = distanceOf(reply);
    reply.receivedAtUs = receivedAtUs;
    reply.icmpCode = isError ? received.code : 0;
    reply.replyTtl = received.replyTtl;
    reply.mpls = isError ? received.mpls : NO_LABELS;
    this.#fillRtt(received, receivedAtUs);
  }

  #fillRtt(received: Reply, receivedAtUs: number): void {
    const { reply } = this;
    const ticks = Math.floor(receivedAtUs / 1000) - this.#fields.tick;
    const elapsedMs = (((ticks + CLOCK_SLACK_MS) % TICKS) + TICKS) % TICKS;
    reply.rttUs = Math.max(0, elapsedMs - CLOCK_SLACK_MS) * 1000;
    reply.isRttExact = false;
    const payload = payloadOf(received);
    if (payload === undefined || payload.length < PAYLOAD_TIME_AT + 4) return;
    const sinceUs = (receivedAtUs - (payload.int32At(PAYLOAD_TIME_AT) >>> 0)) % 2 ** 32;
    const exactUs = sinceUs < 0 ? sinceUs + 2 ** 32 : sinceUs;
    // A payload has no check of its own: it may only refine what the token says.
    if (Math.abs(exactUs - reply.rttUs) > 1000 * (CLOCK_SLACK_MS + 1)) return;
    reply.rttUs = exactUs;
    reply.isRttExact = true;
  }
}

const NO_LABELS: readonly number[] = [];

/**
 * How far the target is: a quote shows the TTL that was left, so that one probe from afar tells;
 * other answers tell no more than that the TTL was enough.
 */
function distanceOf({ ttl, quotedTtl }: SweepReply): number {
  return quotedTtl >= 1 && quotedTtl <= ttl ? ttl - quotedTtl + 1 : ttl;
}

function payloadOf(received: Reply): PacketPart | undefined {
  if (received.kind === 'icmp-echo-reply') return received.payload;
  if (received.kind !== 'icmp-error') return undefined;
  const { transport } = received.quote;
  return transport.kind === 'udp' || transport.kind === 'icmp-echo' ? transport.payload : undefined;
}

/** 32 bits that stand for an address: itself, where it has no more. */
function addressHash(address: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < address.length; i += 4) {
    hash = address.length === 4 ? 0 : Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash ^= int32At(address, i);
  }
  return hash >>> 0;
}
