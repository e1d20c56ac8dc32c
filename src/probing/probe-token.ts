/**
 * Probe tokens: 32 bits that a probe carries on the wire and every reply brings back. They lead to
 * the probe's row without a search, and nobody who has not seen our packets can guess one.
 *
 * A counter is permuted by a keyed four-round Feistel network (Luby and Rackoff 1988: four rounds
 * of pseudorandom functions make a strong pseudorandom permutation), so that different probes
 * never share a token. The round function is a fast keyed mixer, not a cipher: it resists a forger
 * who sees none of our packets, which is all that any token can.
 */

/** Four 32-bit words of secret, one a round. */
export type TokenKey = Uint32Array;

export const TOKEN_KEY_WORDS = 4;

/**
 * A keyed permutation of the 32-bit numbers, and its inverse. All of them are signed: those need no
 * object where they pass from function to function, as unsigned ones may.
 */
export class ProbeTokens {
  /** Signed, as all words here. */
  readonly #key: Int32Array;

  /** @throws {RangeError} when the key has not four words */
  constructor(key: TokenKey) {
    if (key.length !== TOKEN_KEY_WORDS) {
      throw new RangeError(`a token key has ${TOKEN_KEY_WORDS} words, got ${key.length}`);
    }
    this.#key = Int32Array.from(key);
  }

  /** @param counter 32 bits @returns its token, in [−2^31, 2^31) */
  encode(counter: number): number {
    let high = counter >>> 16;
    let low = counter & 0xffff;
    for (let round = 0; round < TOKEN_KEY_WORDS; round++) {
      const next = high ^ mix(low, this.#key[round] ?? 0);
      high = low;
      low = next;
    }
    return (high << 16) | low;
  }

  /** The inverse of `encode`: any 32 bits are the token of exactly one counter. */
  decode(token: number): number {
    let high = token >>> 16;
    let low = token & 0xffff;
    for (let round = TOKEN_KEY_WORDS - 1; round >= 0; round--) {
      const previous = low ^ mix(high, this.#key[round] ?? 0);
      low = high;
      high = previous;
    }
    return (high << 16) | low;
  }
}

/** 16 bits of a keyed hash of 16 bits; the steps are the finaliser of MurmurHash3 (Appleby). */
function mix(half: number, key: number): number {
  let hash = (half + key) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ key, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0xffff;
}
