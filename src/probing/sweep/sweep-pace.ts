/**
 * When a probe of a sweep may leave: so many a second in all, to one prefix, and for one interface
 * to answer. Which interface will answer is guessed from who did before, at that TTL towards
 * targets near by. Tables have a fixed size: strangers that share a cell only slow each other down.
 */

export interface SweepRates {
  /** Probes a second in all. */
  readonly total: number;
  /** Probes a second to the addresses of one prefix: /24, in IPv6 /48. */
  readonly perPrefix: number;
  /** Replies a second that are asked of one interface. */
  readonly perInterface: number;
}

const CELLS = 65_536;
/** An idle sender may catch up by this much: timers of the platform are no finer. */
const CATCH_UP_US = 2000;
const NOBODY = 0;
const BATCH = 64;
const BATCH_US_MAX = 1000;

/** What pacing must know of a probe: hashes of 32 bits. */
export interface PacedProbe {
  /** Of the target's prefix. */
  readonly prefixHash: number;
  /** Of the TTL and a wider prefix: targets that have the same routers so far. */
  readonly neighbourhoodHash: number;
}

/** Three budgets: a probe leaves when all of them have room. Places are given out in advance. */
export class SweepPace {
  readonly #gapUs: { readonly total: number; readonly prefix: number; readonly interface: number };
  #totalDueUs = Number.NEGATIVE_INFINITY;
  readonly #prefixDueUs: Float64Array = new Float64Array(CELLS).fill(Number.NEGATIVE_INFINITY);
  readonly #interfaceDueUs: Float64Array = new Float64Array(CELLS).fill(Number.NEGATIVE_INFINITY);
  readonly #expected: Uint32Array = new Uint32Array(CELLS);

  constructor({ total, perPrefix, perInterface }: SweepRates) {
    this.#gapUs = { total: 1e6 / total, prefix: 1e6 / perPrefix, interface: 1e6 / perInterface };
  }

  /** When the next probe may leave, as far as the sum over all is concerned. */
  get totalDueUs(): number {
    return this.#totalDueUs;
  }

  /** How long budget for a batch takes to come together: no sooner is it worth a look. */
  get batchUs(): number {
    return Math.min(BATCH_US_MAX, BATCH * this.#gapUs.total);
  }

  /** Charges the sum over all for a probe that leaves. */
  takeTotal(nowUs: number): void {
    this.#totalDueUs = Math.max(this.#totalDueUs, nowUs - CATCH_UP_US) + this.#gapUs.total;
  }

  /**
   * Gives a probe its place among those to its prefix and for its interface, and charges both.
   *
   * @returns when it may leave: `nowUs` or later
   */
  reserve({ prefixHash, neighbourhoodHash }: PacedProbe, nowUs: number): number {
    const floorUs = nowUs - CATCH_UP_US;
    const prefix = cellOf(prefixHash);
    const expected = this.#expected[cellOf(neighbourhoodHash)] as number;
    const prefixDueUs = Math.max(this.#prefixDueUs[prefix] as number, floorUs);
    if (expected === NOBODY) {
      this.#prefixDueUs[prefix] = prefixDueUs + this.#gapUs.prefix;
      return Math.max(nowUs, prefixDueUs);
    }
    const cell = cellOf(expected);
    const dueUs = Math.max(prefixDueUs, this.#interfaceDueUs[cell] as number);
    this.#prefixDueUs[prefix] = dueUs + this.#gapUs.prefix;
    this.#interfaceDueUs[cell] = dueUs + this.#gapUs.interface;
    return Math.max(nowUs, dueUs);
  }

  /** Takes in who answered there. */
  note(neighbourhoodHash: number, interfaceHash: number): void {
    this.#expected[cellOf(neighbourhoodHash)] = interfaceHash || 1;
  }
}

/** Multiplies by 2^32 over the golden ratio (Knuth): near hashes come far apart. */
function cellOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b9) >>> 16;
}

/** Stands for a target's /24, in IPv6 its /48. */
export function prefixHashOf(address: Uint8Array): number {
  const isV4 = address.length === 4;
  const high = word(address, 0);
  return isV4 ? high >>> 8 : Math.imul(high, 0x85ebca6b) ^ (word(address, 4) >>> 16);
}

/** Stands for a TTL towards a target's /16, in IPv6 its /32. */
export function neighbourhoodHashOf(address: Uint8Array, ttl: number): number {
  const high = word(address, 0);
  const prefix = address.length === 4 ? high >>> 16 : high;
  return Math.imul(prefix + ttl * 0x10001, 0x85ebca6b);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
