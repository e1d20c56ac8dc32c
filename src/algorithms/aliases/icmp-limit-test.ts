/**
 * Whether two interfaces draw their ICMP errors from one budget, as those of one router do
 * (Vermeulen 2020b): one, the witness, is asked a little, now while the other is asked more than
 * it may answer, now while nobody else is. With a budget of its own it answers alike.
 */

import { rankTest } from '../path-diff/exact-tests.ts';

/** What became of an interface's probes. */
export interface Tally {
  readonly asked: number;
  readonly answered: number;
}

/** Answers of a witness in rounds of as many probes. */
export interface WitnessRounds {
  /** While the other was asked for more than it gives. */
  readonly loud: readonly number[];
  /** While it was left alone. */
  readonly quiet: readonly number[];
}

/** Fewer losses of a burst may be those of links. */
const LIMITED_FROM = 0.25;

/** Whether an interface that was asked in a burst seems to limit what it sends. */
export function isLimited({ asked, answered }: Tally): boolean {
  return answered > 0 && asked - answered >= LIMITED_FROM * asked;
}

/**
 * The probability that a witness with a budget of its own answers so much less in the loud rounds
 * (Mann-Whitney); 1 where it does not answer less.
 */
export function sharedLimitChance({ loud, quiet }: WitnessRounds): number {
  return sumOf(loud) * quiet.length < sumOf(quiet) * loud.length ? rankTest(loud, quiet) : 1;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
