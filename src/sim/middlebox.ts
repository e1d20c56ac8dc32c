/**
 * Routers that change the packets they forward towards the target: TTL, TOS, TCP sequence numbers,
 * source address and port. Replies reach the source as if nothing had been changed, as they do in
 * real networks, but for acknowledgments that pass by a router that alone knows what it shifted;
 * what errors quote shows all.
 */

import type { Random } from '../lib/random.ts';
import { mixBits } from './flow-hash.ts';
import type { Nat, Rewrites } from './scenario-model.ts';
import type { Traveller } from './traveller.ts';

export interface MiddleboxTraits {
  readonly rewrites: Rewrites | undefined;
  readonly nat: Nat | undefined;
  /** What a translated packet comes from: the router's own. */
  readonly address: Uint8Array;
}

/** Ports that translators give out: RFC 6056 §3.2 asks for the widest range. */
const PORT_MIN = 1024;
const PORTS = 0x1_0000 - PORT_MIN;

/** One router's changes. */
export class Middlebox {
  readonly #ttl: number | undefined;
  readonly #tos: number | undefined;
  readonly #shiftsSequence: boolean;
  readonly #restoresAll: boolean;
  readonly #nat: Nat | undefined;
  readonly #address: Uint8Array;
  readonly #seed: number;
  readonly #random: Random;

  constructor({ rewrites, nat, address }: MiddleboxTraits, random: Random) {
    this.#ttl = rewrites?.ttl;
    this.#tos = rewrites?.tos;
    this.#shiftsSequence = rewrites?.sequence ?? false;
    this.#restoresAll = rewrites?.restoresAll ?? true;
    this.#nat = nat;
    this.#address = address;
    this.#seed = random.uint32();
    this.#random = random;
  }

  /** Changes a packet that leaves towards the target, its TTL lowered already. */
  pass(packet: Traveller): void {
    if (this.#ttl !== undefined) packet.left = this.#ttl;
    if (this.#tos !== undefined) packet.tos = this.#tos;
    if (this.#shiftsSequence) {
      const shift = mixBits(packet.flowHash ^ this.#seed);
      packet.sequenceOffset = (packet.sequenceOffset + shift) >>> 0;
      if (!this.#restoresAll) packet.ownShifts = new Map(packet.ownShifts).set(this, shift);
    }
    if (this.#nat !== undefined) this.#translate(packet, this.#nat);
  }

  /** Shifts back what an answer that leaves towards the source acknowledges. */
  passBack(answer: Traveller): void {
    if (!answer.ownShifts.has(this)) return;
    answer.ownShifts = new Map([...answer.ownShifts].filter(([router]) => router !== this));
  }

  /** The hash that a flow has behind this router, where it has one. */
  usualHash(flowHash: number): number {
    return this.#nat === undefined ? flowHash : mixBits(flowHash ^ this.#seed);
  }

  /** The hash of the changed headers is drawn, not computed: one flow still has one hash. */
  #translate(packet: Traveller, { ports, restoresQuotes }: Nat): void {
    const before = packet.flowHash;
    packet.flowHash = ports === 'random' ? this.#random.uint32() : this.usualHash(before);
    if (restoresQuotes) return;
    packet.quotedSource = this.#address;
    if (ports !== 'kept') packet.quotedPort = PORT_MIN + (packet.flowHash % PORTS);
  }
}
