/**
 * How a router picks one of several next hops: by the hash of the flow, by the destination alone,
 * or at random for every packet, to the harm of flows (RFC 2991 §2); by weight, and directly or
 * through a table of hash buckets. When next hops change, a table moves as few flows as possible,
 * and the regions of a plain hash move many (RFC 2992).
 */

import type { Random } from '../lib/random.ts';
import { bucketOf } from './flow-hash.ts';
import type { Balancing, BalancingKind } from './scenario-model.ts';
import type { Traveller } from './traveller.ts';

/** A next hop, and its share relative to the others. */
export interface Weighted<Step> {
  readonly step: Step;
  /** Integer from 1 on. */
  readonly weight: number;
}

/** What a balancer is made of, its next hops aside. */
export interface BalancerTraits extends Omit<Balancing, 'hash'> {
  readonly hashSeed: number;
  /** For packets that go anywhere. */
  readonly random: Random;
}

/** The next hops of one node in one direction. */
export class Balancer<Step> {
  /** Each as likely; a step may be there many times. */
  readonly #places: readonly Step[];
  readonly #kind: BalancingKind;
  readonly #hashSeed: number;
  readonly #random: Random;

  /** @param usual the balancer whose flows should stay where they are, if there is a table */
  constructor(
    choices: readonly Weighted<Step>[],
    { kind, buckets, hashSeed, random }: BalancerTraits,
    usual?: Balancer<Step>,
  ) {
    const size = buckets > 0 && choices.length > 1 ? buckets : sizeFor(choices);
    const previous = buckets > 0 ? usual?.places : undefined;
    this.#places =
      choices.length < 2 ? choices.map(({ step }) => step) : placesFor(choices, size, previous);
    this.#kind = kind;
    this.#hashSeed = hashSeed;
    this.#random = random;
  }

  /** The hash table. */
  get places(): readonly Step[] {
    return this.#places;
  }

  /** Where a packet goes; undefined where there is no next hop. */
  choose(packet: Traveller): Step | undefined {
    const places = this.#places;
    if (places.length < 2) return places[0];
    if (this.#kind === 'per-packet') return places[this.#random.below(places.length)];
    return this.usual(packet);
  }

  /** The same, without drawing a random number: a balancer by packets stands as one by flows. */
  usual({ flowHash, destinationHash }: Traveller): Step | undefined {
    const places = this.#places;
    const hash = this.#kind === 'per-destination' ? destinationHash : flowHash;
    return places[bucketOf(hash, this.#hashSeed, places.length)];
  }
}

/** The smallest table that gives every choice its exact share. */
function sizeFor<Step>(choices: readonly Weighted<Step>[]): number {
  const divisor = choices.reduce((common, { weight }) => greatestDivisor(common, weight), 0);
  return choices.reduce((sum, { weight }) => sum + weight, 0) / Math.max(1, divisor);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/**
 * Fills a table of `size` places by weight. What `previous` has stays as far as a choice's share
 * allows.
 */
function placesFor<Step>(
  choices: readonly Weighted<Step>[],
  size: number,
  previous: readonly Step[] = [],
): Step[] {
  const left = new Map(sharesOf(choices, size));
  const places: (Step | undefined)[] = new Array<Step | undefined>(size).fill(undefined);
  for (const [i, step] of previous.entries()) {
    const share = left.get(step) ?? 0;
    if (share === 0 || i >= size) continue;
    places[i] = step;
    left.set(step, share - 1);
  }
  const missing = [...left].flatMap(([step, share]) => new Array<Step>(share).fill(step));
  let next = 0;
  return places.map((step) => step ?? (missing[next++] as Step));
}

/** How many places each choice gets: by its weight, rounded so that they add up to `size`. */
function sharesOf<Step>(choices: readonly Weighted<Step>[], size: number): [Step, number][] {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  let weightSoFar = 0;
  let given = 0;
  return choices.map(({ step, weight }) => {
    weightSoFar += weight;
    const upTo = Math.round((weightSoFar / total) * size);
    const share = upTo - given;
    given = upTo;
    return [step, share];
  });
}
