/**
 * How a router sends ICMP errors: whether at all, how many, from where, how much it quotes, and
 * which MPLS labels it shows.
 */

import type { Random } from '../lib/random.ts';
import { encodeMplsEntry } from '../wire/icmp-extension.ts';
import type { IcmpLimit, QuoteStyle, RouterTraits } from './scenario-model.ts';
import { TokenBucket } from './token-bucket.ts';

type IcmpTraits = Pick<
  RouterTraits,
  'isSilent' | 'icmpLimit' | 'icmpLimitPerProber' | 'answerRatio' | 'quote' | 'mplsLabels'
>;

/** Of other probers' errors in a pause of ours, only so many last ones are counted. */
const OTHERS_MAX = 10_000;

/** One router's control plane. */
export class IcmpBehaviour {
  readonly quote: QuoteStyle;
  /** Label stack entries, 32 bits each, outermost first, with a TTL of 1: it has run out. */
  readonly mplsEntries: readonly number[];
  readonly #isSilent: boolean;
  readonly #answerRatio: number;
  readonly #random: Random;
  readonly #perProber: TokenBucket | undefined;
  readonly #overAll: SharedBucket | undefined;

  constructor(traits: IcmpTraits, random: Random) {
    const { icmpLimit, icmpLimitPerProber, mplsLabels } = traits;
    this.quote = traits.quote;
    this.mplsEntries = mplsLabels.map((label, i) => {
      const isBottomOfStack = i === mplsLabels.length - 1;
      return encodeMplsEntry({ label, trafficClass: 0, isBottomOfStack, ttl: 1 });
    });
    this.#isSilent = traits.isSilent;
    this.#answerRatio = traits.answerRatio;
    this.#random = random;
    this.#perProber = icmpLimitPerProber && new TokenBucket(icmpLimitPerProber);
    this.#overAll = icmpLimit && new SharedBucket(icmpLimit, random);
  }

  /** Whether an error that is due now is sent; if so, it is counted against the limits. */
  sends(atUs: number): boolean {
    if (this.#isSilent) return false;
    if (this.#answerRatio < 1 && this.#random.unit() >= this.#answerRatio) return false;
    // What one limit refuses must not count against the other.
    if (this.#perProber?.has(atUs) === false || this.#overAll?.has(atUs) === false) return false;
    this.#perProber?.take(atUs);
    this.#overAll?.take(atUs);
    return true;
  }
}

/** A token bucket that other probers use as well, at random times (a Poisson process). */
class SharedBucket {
  readonly #bucket: TokenBucket;
  readonly #othersPerUs: number;
  readonly #tokenUs: number;
  readonly #random: Random;
  #nextOtherUs = Number.NEGATIVE_INFINITY;

  constructor({ othersPerSecond = 0, ...limit }: IcmpLimit, random: Random) {
    this.#bucket = new TokenBucket(limit);
    this.#othersPerUs = othersPerSecond / 1e6;
    this.#tokenUs = 1e6 / limit.perSecond;
    this.#random = random;
  }

  has(nowUs: number): boolean {
    if (this.#othersPerUs > 0) this.#takeForOthers(nowUs);
    return this.#bucket.has(nowUs);
  }

  take(nowUs: number): boolean {
    return this.#bucket.take(nowUs);
  }

  #takeForOthers(nowUs: number): void {
    const rate = this.#othersPerUs;
    let atUs = this.#nextOtherUs;
    // Tokens are due at regular times, which must not depend on when we ask.
    const earliest = nowUs - OTHERS_MAX / rate;
    if (atUs < earliest) atUs = earliest - this.#random.unit() * this.#tokenUs;
    while (atUs <= nowUs) {
      this.#bucket.take(atUs);
      atUs -= Math.log(1 - this.#random.unit()) / rate;
    }
    this.#nextOtherUs = atUs;
  }
}
