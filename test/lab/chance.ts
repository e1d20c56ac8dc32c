/**
 * Whether what chance drew is what it was to draw, without a lucky run that fails. Deviations in
 * standard ones would not do: of 80 probes a loss of 2 % takes 1.6, and one draw in 5000 is more
 * than five of them off.
 */

/** −ln of how likely a draw must be at least, by Chernoff's bound: 1 in 10^8 on either side. */
export const CHANCE_NATS_MAX: number = 8 * Math.LN10;

/**
 * How unlikely a draw is, as −ln of Chernoff's bound on the chance of it or anything beyond.
 *
 * @param drawn how many of `of` were, each with probability `ratio`, 0 to 1
 * @returns in nats; infinite for what cannot be
 */
export function chanceNats(drawn: number, of: number, ratio: number): number {
  const nats = (count: number, expected: number): number =>
    count === 0 ? 0 : count * Math.log(count / expected);
  return nats(drawn, of * ratio) + nats(of - drawn, of * (1 - ratio));
}
