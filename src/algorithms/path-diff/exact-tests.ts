/**
 * Tests of the hypothesis that nothing has changed, each as the probability of what was seen or
 * worse, and how to ask many of them at once.
 */

/** Two groups of flows, of which some took a branch. */
export interface TwoByTwo {
  readonly taken: readonly [number, number];
  readonly flows: readonly [number, number];
}

/**
 * Fisher's exact test, two-sided: with one share in both groups and as many flows on the branch in
 * all, the probability of a split that is no likelier than this one.
 */
export function fisherExact({ taken, flows }: TwoByTwo): number {
  const [first, second] = flows;
  const sum = taken[0] + taken[1];
  const low = Math.max(0, sum - second);
  const high = Math.min(first, sum);
  const logOf = (k: number): number => logChoose(first, k) + logChoose(second, sum - k);
  const logAll = logChoose(first + second, sum);
  const seen = logOf(taken[0]);
  let p = 0;
  for (let k = low; k <= high; k++) {
    const log = logOf(k);
    if (log <= seen + ROUNDING) p += Math.exp(log - logAll);
  }
  return Math.min(1, p);
}

const ROUNDING = 1e-9;

/**
 * Mann-Whitney's rank test, two-sided: whether values of one group tend to be above those of the
 * other. Exact for small groups without ties; else by the normal approximation with corrections for
 * ties and continuity, which errs on the cautious side at the small probabilities that matter.
 *
 * @returns 1 where either group has fewer than 5 values
 */
export function rankTest(a: readonly number[], b: readonly number[]): number {
  if (Math.min(a.length, b.length) < RANKED_MIN) return 1;
  const { rankSum, ties } = rankedSum(a, b);
  const total = a.length + b.length;
  const above = rankSum - (a.length * (a.length + 1)) / 2;
  const middle = (a.length * b.length) / 2;
  if (ties === 0 && Math.max(a.length, b.length) <= EXACT_MAX) {
    return exactRanks(middle - Math.abs(above - middle), a.length, b.length);
  }
  const spread = total + 1 - ties / (total * (total - 1));
  const variance = (middle / 6) * spread;
  if (variance <= 0) return 1;
  const z = Math.max(0, Math.abs(above - middle) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * upperNormal(z));
}

/** Ranks of the first group among all, shared where values are equal. */
function rankedSum(
  a: readonly number[],
  b: readonly number[],
): { readonly rankSum: number; readonly ties: number } {
  const all = [
    ...a.map((value) => ({ value, weight: 1 })),
    ...b.map((value) => ({ value, weight: 0 })),
  ];
  all.sort((x, y) => x.value - y.value);
  let [rankSum, ties] = [0, 0];
  for (let start = 0, end = 0; start < all.length; start = end) {
    while (end < all.length && all[end]?.value === all[start]?.value) end++;
    const count = end - start;
    ties += count ** 3 - count;
    const rank = (start + 1 + end) / 2;
    for (const { weight } of all.slice(start, end)) rankSum += weight * rank;
  }
  return { rankSum, ties };
}

/**
 * Twice the share of all orders in which no more than `most` pairs have the value of the first
 * group above that of the second: counted group by group, as in Mann and Whitney's recurrence.
 */
function exactRanks(most: number, first: number, second: number): number {
  // By values of the first group: orders with so many pairs, while the second group grows.
  let counts = Array.from({ length: first + 1 }, () => [1]);
  for (let m = 1; m <= second; m++) {
    const next: number[][] = [[1]];
    for (let n = 1; n <= first; n++) {
      const [without = [], shorter = []] = [counts[n], next[n - 1]];
      // The highest of all is of the second group, or of the first and above all m of the second.
      const length = n * m + 1;
      next.push(
        Array.from({ length }, (_, pairs) => (without[pairs] ?? 0) + (shorter[pairs - m] ?? 0)),
      );
    }
    counts = next;
  }
  const orders = counts[first] ?? [];
  const all = orders.reduce((sum, count) => sum + count, 0);
  const few = orders.slice(0, Math.floor(most) + 1).reduce((sum, count) => sum + count, 0);
  return Math.min(1, (2 * few) / all);
}

const EXACT_MAX = 16;
const RANKED_MIN = 5;

/**
 * Holm's procedure: which of these hypotheses may be rejected so that a true one is among them with
 * probability `budget` at most, however they depend on each other.
 *
 * @param tests how many were asked, those included that need not be listed because they never fail
 * @returns for each of `values`, in their order
 */
export function holm(
  values: readonly number[],
  { budget, tests = values.length }: { readonly budget: number; readonly tests?: number },
): boolean[] {
  const rejected = values.map(() => false);
  const order = [...values.entries()].sort(([, a], [, b]) => a - b);
  for (const [i, [index, value]] of order.entries()) {
    if (value > budget / Math.max(1, tests - i)) break;
    rejected[index] = true;
  }
  return rejected;
}

/**
 * Hochberg's procedure, which rejects more, and keeps the same promise where the statistics depend
 * on each other positively, as round trips on common paths do.
 */
export function hochberg(values: readonly number[], budget: number): boolean[] {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.findLastIndex((value, i) => value <= budget / (sorted.length - i));
  return values.map((value) => last >= 0 && value <= (sorted[last] ?? 0));
}

/** Above z of a normal distribution, for z from 0 on: Abramowitz and Stegun 26.2.17, to 1e-7. */
function upperNormal(z: number): number {
  if (z > TAIL_FROM) return Math.exp((-z * z) / 2) / (z * Math.sqrt(2 * Math.PI)); // an upper bound
  const t = 1 / (1 + 0.2316419 * z);
  const series = COEFFICIENTS.reduceRight((sum, each) => (sum + each) * t, 0);
  return (series * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

const TAIL_FROM = 4.5;
const COEFFICIENTS = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const logFactorials: number[] = [0];

function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++) {
    logFactorials[i] = (logFactorials[i - 1] ?? 0) + Math.log(i);
  }
  return logFactorials[n] ?? 0;
}
