/**
 * A made-up Internet that is computed, not stored: which routers lie before an address follows from
 * hashes of its prefixes. All of 10.0.0.0/8 are targets; routers have addresses in 100.64.0.0/10,
 * each of which tells which router it is, so that a sweep can be held against the truth.
 *
 * Towards the target the prefixes get longer, and at each length some routers stand in a row. Some
 * of the steps are balanced: the flow decides which of several routers it meets.
 */

/** Where the source is. */
export const INTERNET_SOURCE: Uint8Array = Uint8Array.of(192, 0, 2, 1);
/** All of 10.0.0.0/8. */
const TARGET_NET = 10;

/** Prefix lengths at which paths part, and how many routers wide and long each step is. */
const STEPS: readonly { readonly bits: number; readonly width: number; readonly most: number }[] = [
  { bits: 8, width: 1, most: 1 },
  { bits: 8, width: 1, most: 1 },
  { bits: 8, width: 4, most: 1 },
  { bits: 10, width: 8, most: 2 },
  { bits: 12, width: 2, most: 2 },
  { bits: 14, width: 1, most: 2 },
  { bits: 16, width: 4, most: 2 },
  { bits: 18, width: 1, most: 1 },
  { bits: 20, width: 2, most: 2 },
  { bits: 22, width: 1, most: 1 },
  { bits: 24, width: 1, most: 2 },
  { bits: 26, width: 1, most: 1 },
  { bits: 28, width: 1, most: 1 },
];

/** Steps that every path has: the others are left out for some prefixes. */
const ALWAYS = 3;
/** 100.64.0.0, whose 22 bits number the routers. */
const ROUTER_NET = 0x6440_0000;
const ROUTER_BITS = 22;
/** Hops at most: the sum of all steps. */
const HOPS_MAX = STEPS.reduce((sum, { most }) => sum + most, 0);

/** Number of the first router of each step. */
const FIRST_ROUTERS: readonly number[] = STEPS.map((_, i) =>
  STEPS.slice(0, i).reduce((sum, { bits, width, most }) => sum + 2 ** (bits - 8) * width * most, 0),
);

/** The paths of one seed. */
export class InternetMap {
  readonly #seed: number;
  readonly #hops: Int32Array = new Int32Array(HOPS_MAX);

  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** Whether an address is a target: whether it answers is another question. */
  isTarget(address: number): boolean {
    return address >>> 24 === TARGET_NET;
  }

  /**
   * The routers that a flow to a target passes, from the source on.
   *
   * @param flowHash decides at balanced steps
   * @returns addresses, as signed 32-bit numbers; the array is used again
   */
  pathTo(target: number, flowHash: number): Int32Array {
    let length = 0;
    for (const [i, { bits, width, most }] of STEPS.entries()) {
      const prefix = target >>> (32 - bits);
      const hash = mixed(prefix, this.#seed + i);
      if (i >= ALWAYS && hash % 4 === 0) continue;
      const hops = 1 + ((hash >>> 8) % most);
      for (let hop = 0; hop < hops; hop++) {
        const branch = width === 1 ? 0 : mixed(flowHash, this.#seed ^ (i << 4)) % width;
        const inStep = ((prefix & (2 ** (bits - 8) - 1)) * most + hop) * width + branch;
        this.#hops[length] = (ROUTER_NET + (FIRST_ROUTERS[i] as number) + inStep) | 0;
        length++;
      }
    }
    return this.#hops.subarray(0, length);
  }

  /** Six in ten addresses are in use. */
  isAlive(target: number): boolean {
    return mixed(target, this.#seed + 101) % 10 < 6;
  }

  /** One router in twenty never answers. */
  isSilent(router: number): boolean {
    return mixed(router, this.#seed + 102) % 20 === 0;
  }

  /** Whether a router quotes eight bytes of what it drops, and no more. */
  quotesLittle(router: number): boolean {
    return mixed(router, this.#seed + 103) % 2 === 0;
  }

  /** Microseconds to a hop and back: 1 to 4 ms each. */
  roundTripUs(hops: number, router: number): number {
    return hops * 2000 + (mixed(router, this.#seed + 104) % 4000);
  }

  /** Whether an address is that of a router there could be. */
  static isRouter(address: number): boolean {
    return address >>> ROUTER_BITS === ROUTER_NET >>> ROUTER_BITS;
  }
}

/** 32 bits of a keyed hash; the steps are the finaliser of MurmurHash3 (Appleby). */
function mixed(value: number, key: number): number {
  let hash = Math.imul(value ^ (value >>> 16) ^ Math.imul(key, 0x9e3779b9), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
