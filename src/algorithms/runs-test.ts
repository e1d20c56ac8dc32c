/**
 * The runs test (Wald and Wolfowitz 1940, here for any number of kinds): whether answers come as
 * drawn by lot, or in long runs of equal ones, as they do when what answers changes now and then.
 */

/** The runs seen, and what chance alone would give. */
export interface RunsStatistics {
  readonly runs: number;
  readonly expected: number;
  readonly variance: number;
}

/** In standard deviations; chance gives runs as few as that once in 44 times. */
const DEVIATION_MIN = -2;

/** Runs of equal answers, and their mean and variance if the same answers came in random order. */
export function runsStatistics(answers: readonly number[]): RunsStatistics {
  const counts = new Map<number, number>();
  let runs = 0;
  for (const [i, answer] of answers.entries()) {
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    if (i === 0 || answers[i - 1] !== answer) runs++;
  }
  const n = answers.length;
  if (n < 2) return { runs, expected: runs, variance: 0 };
  let [squares, cubes] = [0, 0];
  for (const count of counts.values()) {
    squares += count ** 2;
    cubes += count ** 3;
  }
  const expected = (n * (n + 1) - squares) / n;
  const variance =
    (squares * (squares + n * (n + 1)) - 2 * n * cubes - n ** 3) / (n ** 2 * (n - 1));
  return { runs, expected, variance: Math.max(0, variance) };
}

/**
 * Whether there are about as many runs as chance gives; false where nothing varies.
 *
 * @param statistics of one sequence, or the sums of those of several independent ones
 */
export function isByLot({ runs, expected, variance }: RunsStatistics): boolean {
  return variance > 0 && (runs - expected) / Math.sqrt(variance) > DEVIATION_MIN;
}
