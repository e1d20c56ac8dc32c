/**
 * Which packets a place loses: each by chance, or in bursts (Gilbert 1960: a good state and a bad
 * one, in which everything is lost), all packets or those that a filter picks, at all times or at
 * some.
 */

import type { Random } from '../lib/random.ts';
import { bucketOf } from './flow-hash.ts';
import type { PlannedHazard } from './network-plan.ts';
import type { FaultFilter } from './scenario-model.ts';
import { isActive } from './schedule.ts';
import type { Traveller } from './traveller.ts';

/** A chance of losing a packet, with the random numbers that decide. */
export class RandomLoss {
  readonly #ratio: number;
  readonly #random: Random;

  constructor(ratio: number, random: Random) {
    this.#ratio = ratio;
    this.#random = random;
  }

  strikes(): boolean {
    return this.#ratio > 0 && this.#random.unit() < this.#ratio;
  }
}

/** Loss in bursts: of `ratio` in all, `meanBurst` packets one after the other on average. */
export class BurstLoss {
  readonly #random: Random;
  /** Chance that a good state ends with a packet. */
  readonly #worsens: number;
  /** Chance that a bad one does. */
  readonly #improves: number;
  #isBad: boolean;

  /** @param ratio at most `meanBurst / (meanBurst + 1)`, or 1: a good state lasts a packet */
  constructor({ ratio, meanBurst }: { ratio: number; meanBurst: number }, random: Random) {
    this.#random = random;
    // The bad state has the share w / (w + i) of all packets, which is to be the ratio.
    this.#improves = ratio === 1 ? 0 : 1 / meanBurst;
    this.#worsens = ratio === 1 ? 1 : (this.#improves * ratio) / (1 - ratio);
    this.#isBad = random.unit() < ratio;
  }

  strikes(): boolean {
    const isLost = this.#isBad;
    const changes = this.#random.unit() < (isLost ? this.#improves : this.#worsens);
    if (changes) this.#isBad = !isLost;
    return isLost;
  }
}

/** Loss that depends on the packet, on time, or on losses before. */
export class Hazard {
  readonly #filter: PacketFilter;
  readonly #window: PlannedHazard['window'];
  readonly #loss: RandomLoss | BurstLoss;

  constructor({ lossRatio, burst, only, window }: PlannedHazard, random: Random) {
    this.#filter = new PacketFilter(only, random.uint32());
    this.#window = window;
    this.#loss =
      burst === undefined
        ? new RandomLoss(lossRatio, random)
        : new BurstLoss({ ratio: lossRatio, meanBurst: burst }, random);
  }

  strikes(packet: Traveller, atUs: number): boolean {
    if (!isActive(this.#window, atUs) || !this.#filter.takes(packet)) return false;
    return this.#loss.strikes();
  }
}

/** Whether one of some hazards strikes; all are asked, so that none depends on another. */
export function anyStrikes(hazards: readonly Hazard[], packet: Traveller, atUs: number): boolean {
  let isLost = false;
  for (const hazard of hazards) if (hazard.strikes(packet, atUs)) isLost = true;
  return isLost;
}

/** Tells the packets that a fault hits; what it does not ask for is −1. */
class PacketFilter {
  readonly #bucket: number;
  readonly #buckets: number;
  readonly #port: number;
  readonly #bytesMin: number;
  readonly #dscp: number;
  readonly #seed: number;

  /** @param seed of the hash whose buckets count: none that a balancer uses */
  constructor({ hashBucket, sourcePort, bytesMin, dscp }: FaultFilter, seed: number) {
    this.#bucket = hashBucket?.index ?? -1;
    this.#buckets = hashBucket?.of ?? 1;
    this.#port = sourcePort ?? -1;
    this.#bytesMin = bytesMin ?? 0;
    this.#dscp = dscp ?? -1;
    this.#seed = seed;
  }

  takes({ flowHash, port, lengthBytes, tos }: Traveller): boolean {
    if (lengthBytes < this.#bytesMin) return false;
    if (this.#port !== -1 && port !== this.#port) return false;
    if (this.#dscp !== -1 && tos >> 2 !== this.#dscp) return false;
    if (this.#bucket === -1) return true;
    return bucketOf(flowHash, this.#seed, this.#buckets) === this.#bucket;
  }
}
