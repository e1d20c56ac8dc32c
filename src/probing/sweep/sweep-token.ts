/**
 * Tokens of a sweep: 32 bits that hold all there is to know about a probe beside its addresses and
 * ports – TTL and time of sending – and a keyed check over both and over the flow, so that no table
 * is needed and a forged reply passes once in 32,768 attempts, to one flow at one TTL and time.
 *
 * | bits   | what                                           |
 * | 0–4    | TTL − 1                                        |
 * | 5–16   | milliseconds of the run, modulo 4096           |
 * | 17–31  | check                                          |
 *
 * `ProbeTokens` then permutes the whole, so that nobody sees or flips single fields.
 */

import { ProbeTokens, TOKEN_KEY_WORDS, type TokenKey } from '../probe-token.ts';

const TICK_BITS = 12;
/** Send times repeat after so many milliseconds: a later reply is taken for an earlier one. */
export const TICKS: number = 2 ** TICK_BITS;
const CHECK_SHIFT = 17;

/** Words of a sweep's key: those of the permutation and two for the check. */
export const SWEEP_KEY_WORDS: number = TOKEN_KEY_WORDS + 2;

/** What a token holds; filled by `read`. */
export interface SweepTokenFields {
  ttl: number;
  tick: number;
}

/** Makes and reads tokens. A flow is given as a hash of its addresses and ports, by `flowHash`. */
export class SweepTokens {
  readonly #permutation: ProbeTokens;
  readonly #keys: readonly [number, number];

  /** @throws {RangeError} when the key has not `SWEEP_KEY_WORDS` words */
  constructor(key: TokenKey) {
    if (key.length !== SWEEP_KEY_WORDS) {
      throw new RangeError(`a sweep's key has ${SWEEP_KEY_WORDS} words, got ${key.length}`);
    }
    this.#permutation = new ProbeTokens(key.subarray(0, TOKEN_KEY_WORDS));
    this.#keys = [key[TOKEN_KEY_WORDS] as number, key[TOKEN_KEY_WORDS + 1] as number];
  }

  /**
   * A keyed hash of a flow.
   *
   * @param addressAt where `bytes` has the destination, 4 or 16 bytes
   * @param ports source port × 65,536 + destination port
   */
  flowHash(bytes: Uint8Array, addressAt: number, addressBytes: number, ports: number): number {
    let hash = this.#keys[0] ^ ports;
    for (let i = addressAt; i < addressAt + addressBytes; i += 4) {
      const word =
        ((bytes[i] as number) << 24) |
        ((bytes[i + 1] as number) << 16) |
        ((bytes[i + 2] as number) << 8) |
        (bytes[i + 3] as number);
      hash = Math.imul(hash ^ word ^ (hash >>> 15), 0x85ebca6b);
      hash = (hash ^ (hash >>> 13)) + this.#keys[1];
    }
    return hash | 0;
  }

  /** @param ttl 1–32 @param tick 0–4095 @returns 32 bits, signed */
  token(flowHash: number, ttl: number, tick: number): number {
    const fields = (tick << 5) | (ttl - 1);
    return this.#permutation.encode((this.#check(flowHash, fields) << CHECK_SHIFT) | fields);
  }

  /** Takes a token apart; false when it is none of this flow's. */
  read(token: number, flowHash: number, into: SweepTokenFields): boolean {
    const plain = this.#permutation.decode(token);
    const fields = plain & (2 ** CHECK_SHIFT - 1);
    if (this.#check(flowHash, fields) !== plain >>> CHECK_SHIFT) return false;
    into.ttl = (fields & 31) + 1;
    into.tick = fields >>> 5;
    return true;
  }

  /** 15 bits. */
  #check(flowHash: number, fields: number): number {
    let hash = Math.imul(flowHash ^ fields ^ this.#keys[1], 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ this.#keys[0], 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> CHECK_SHIFT;
  }
}
