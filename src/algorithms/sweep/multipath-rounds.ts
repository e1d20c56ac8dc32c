/**
 * All paths to each target of a window, in rounds as Diamond-Miner makes them (Vermeulen 2020):
 * six flows at every TTL first; then, where k interfaces have answered, as many flows in all as
 * rule one more out. Unlike MDA it follows no single node: a TTL is a target's row of interfaces.
 */

import { Uint32Set } from '../../lib/hash-set.ts';
import type { Random } from '../../lib/random.ts';
import type { SweepAnswer, SweepPlan } from '../../model/sweep.ts';
import { stoppingPoint } from '../multipath/stopping-point.ts';
import type { SweepExtent } from './every-ttl.ts';
import { CellRound } from './window-probes.ts';

export interface MultipathExtent extends SweepExtent {
  /** The probability of missing one of equal branches at a TTL, in (0, 1). */
  readonly failureProbability: number;
}

const ROUNDS_MAX = 10;
const UNKNOWN = 255;
/** (target, TTL, interface) that are told apart in a window. */
const SIGHTINGS_MAX = 2 ** 22;

/** Three bytes for each target and TTL. `flows` of the extent is the most a TTL may cost. */
export class MultipathRounds implements SweepPlan {
  readonly needsLastReplies = true;
  slot = 0;
  ttl = 0;
  flow = 0;
  readonly #extent: MultipathExtent;
  readonly #random: Random;
  readonly #ttls: number;
  /** Of each (target, TTL): flows sent so far, in which this round begins, and interfaces seen. */
  readonly #sent: Uint16Array;
  readonly #seen: Uint8Array;
  readonly #distance: Uint8Array;
  readonly #sightings = new Uint32Set(SIGHTINGS_MAX);
  #round: CellRound;
  #rounds = 1;
  #begun: Uint16Array;

  constructor(slots: number, extent: MultipathExtent, random: Random) {
    this.#extent = extent;
    this.#random = random;
    this.#ttls = extent.maxTtl - extent.minTtl + 1;
    this.#sent = new Uint16Array(slots * this.#ttls);
    this.#seen = new Uint8Array(slots * this.#ttls);
    this.#distance = new Uint8Array(slots).fill(UNKNOWN);
    this.#begun = this.#sent.slice();
    this.#round = this.#newRound();
  }

  next(): boolean {
    while (this.#round.next()) {
      const { cell, turn } = this.#round;
      this.slot = Math.floor(cell / this.#ttls);
      this.ttl = this.#extent.minTtl + (cell % this.#ttls);
      this.flow = (this.#begun[cell] as number) + turn;
      if (this.ttl <= (this.#distance[this.slot] as number)) return true;
    }
    return false;
  }

  nextRound(): boolean {
    if (this.#rounds >= ROUNDS_MAX) return false;
    this.#rounds++;
    this.#begun = this.#sent.slice();
    this.#round = this.#newRound();
    return this.#round.size > 0;
  }

  replied({ slot, ttl, interfaceHash, isTarget, distance }: SweepAnswer): void {
    if (isTarget) {
      this.#distance[slot] = Math.min(this.#distance[slot] as number, distance);
      return;
    }
    const cell = slot * this.#ttls + ttl - this.#extent.minTtl;
    const sighting = Math.imul(interfaceHash ^ (interfaceHash >>> 15), 0x85ebca6b) + cell;
    if (!this.#sightings.add(Math.imul(sighting ^ (sighting >>> 13), 0xc2b2ae35) >>> 0)) return;
    if ((this.#seen[cell] as number) < UNKNOWN) this.#seen[cell] = (this.#seen[cell] as number) + 1;
  }

  #newRound(): CellRound {
    return new CellRound(this.#sent.length, (cell) => this.#want(cell), this.#random);
  }

  /** How many more flows a cell gets, which then count as sent. */
  #want(cell: number): number {
    const { minTtl, flows, failureProbability } = this.#extent;
    const distance = this.#distance[Math.floor(cell / this.#ttls)] as number;
    if (minTtl + (cell % this.#ttls) > distance) return 0;
    const seen = this.#seen[cell] as number;
    const isFirst = this.#rounds === 1;
    if (!isFirst && seen < 2) return 0;
    const wanted = Math.min(flows, stoppingPoint(Math.max(1, seen) + 1, failureProbability));
    const more = Math.max(0, wanted - (this.#sent[cell] as number));
    this.#sent[cell] = (this.#sent[cell] as number) + more;
    return more;
  }
}
