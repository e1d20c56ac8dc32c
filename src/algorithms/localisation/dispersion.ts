/**
 * How much more counts scatter than losses of one packet at a time would make them, and when that
 * is worth a wider interval. A quasi-likelihood divides by that ratio, but it is an estimate:
 * believed whenever it is above 1, it widens intervals by chance, several times where there are few
 * rounds. So a score test comes first: where single losses explain the scatter, the scale is 1.
 */

/** How far some counts scatter. */
export interface Scatter {
  /** Their variance over that of single losses: about 1, where losses are single. */
  readonly ratio: number;
  /** Degrees of freedom of the ratio where losses are frequent, as for normal counts. */
  readonly freedom: number;
  /** The same for counts as small as these: they scatter more by chance. */
  readonly freedomOfCounts: number;
}

/** What was lost in some rounds, and what to expect of single losses. */
export interface LossesOfRounds {
  /** By round; parallel: the part of all probes that it sent, which add up to 1. */
  readonly lost: readonly number[];
  readonly shares: readonly number[];
  /** Of all losses together, if they are single. */
  readonly variance: number;
}

/**
 * Normal quantiles of what single losses seldom exceed. Bursts are ordinary, and an interval that
 * takes them for single losses holds the truth half the time: once in ten is seldom enough. That
 * cells differ otherwise is rare: once in a hundred.
 */
const ROUNDS_QUANTILE = 1.2816;
const CELLS_QUANTILE = 2.3263;
/** 0.975 quantile of the normal distribution. */
const INTERVAL_QUANTILE = 1.96;
/** With fewer, hardly any interval has an end. */
const FREEDOM_MIN = 3;

/**
 * How far losses vary from round to round beyond what the rounds sent. Every round weighs as its
 * probes do, so that one of a few probes decides nothing; undefined where there is but one.
 */
export function scatterOfRounds({ lost, shares, variance }: LossesOfRounds): Scatter | undefined {
  const all = sumOf(lost);
  const squares = sumOf(shares.map((share) => share ** 2));
  const left = 1 - squares;
  if (variance <= 0 || left <= 0) return undefined;
  const scatter = sumOf(lost.map((count, round) => (count - all * (shares[round] ?? 0)) ** 2));
  // The sum is one of χ² with unlike weights; the degrees of freedom fit its variance
  // (Satterthwaite 1946), to which small counts add theirs.
  const unlike = squares - 2 * sumOf(shares.map((share) => share ** 3)) + squares ** 2;
  return {
    ratio: scatter / (variance * left),
    freedom: left ** 2 / unlike,
    freedomOfCounts: (2 * left ** 2) / (2 * unlike + 1 / variance),
  };
}

/**
 * How many times as far a log-likelihood may fall within a 95 % interval because losses come in
 * bursts: as often as the ratio says and, since few rounds make that an estimate, what the quantile
 * of Student's t has instead of the normal one.
 *
 * @returns ≥ 1
 */
export function scaleOverRounds(scatter: Scatter | undefined): number {
  if (scatter === undefined || !isShown(scatter, ROUNDS_QUANTILE)) return 1;
  const freedom = Math.max(FREEDOM_MIN, scatter.freedom);
  return scatter.ratio * (studentQuantile(freedom) / INTERVAL_QUANTILE) ** 2;
}

/** The same because cells that should lose alike do not. */
export function scaleOverCells(scatter: Scatter | undefined): number {
  return scatter !== undefined && isShown(scatter, CELLS_QUANTILE) ? scatter.ratio : 1;
}

/** Whether single losses would seldom scatter so: χ²/ν by Wilson and Hilferty (1931). */
function isShown({ ratio, freedomOfCounts }: Scatter, quantile: number): boolean {
  const variance = 2 / (9 * freedomOfCounts);
  return ratio > Math.max(1, (1 - variance + quantile * Math.sqrt(variance)) ** 3);
}

/** 0.975 quantile of Student's t, from 3 degrees of freedom on within 1 % (Cornish and Fisher). */
function studentQuantile(freedom: number): number {
  const z = INTERVAL_QUANTILE;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
