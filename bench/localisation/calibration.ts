/** Whether stated probabilities are kept: of what was said with probability p, a share p is right. */

export interface Statement {
  readonly probability: number;
  readonly isRight: boolean;
}

export interface CalibrationBin {
  /** Probabilities from `low` on, below `high`. */
  readonly low: number;
  readonly high: number;
  readonly cases: number;
  readonly right: number;
  readonly statedMean: number;
  /** Exact (Clopper and Pearson) 99 % interval of the share that is right. */
  readonly interval: readonly [number, number];
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: mean distance of stated and true share, by cases. */
  readonly expectedError: number;
}

const EDGES = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.000001];
const TAIL = 0.005;
const BISECTIONS = 40;

export function calibrationOf(statements: readonly Statement[]): Calibration {
  const bins = EDGES.slice(0, -1).flatMap((low, i): CalibrationBin[] => {
    const high = EDGES[i + 1] ?? 1;
    const inside = statements.filter(({ probability: p }) => p >= low && p < high);
    if (inside.length === 0) return [];
    const right = inside.filter(({ isRight }) => isRight).length;
    const statedMean =
      inside.reduce((sum, { probability }) => sum + probability, 0) / inside.length;
    return [
      {
        low,
        high,
        cases: inside.length,
        right,
        statedMean,
        interval: shareInterval(right, inside.length),
      },
    ];
  });
  const error = bins.reduce(
    (sum, { cases, right, statedMean }) => sum + Math.abs(right - cases * statedMean),
    0,
  );
  return { bins, expectedError: error / statements.length };
}

/** All shares for which `right` of `cases` is within the middle 99 % (Clopper and Pearson 1934). */
function shareInterval(right: number, cases: number): [number, number] {
  const low = right === 0 ? 0 : shareWhere((p) => 1 - cumulative(right - 1, cases, p) < TAIL);
  const high = right === cases ? 1 : shareWhere((p) => cumulative(right, cases, p) > TAIL);
  return [low, high];
}

/** Where a condition that holds of small shares ends. */
function shareWhere(holds: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Chance of at most `hits` in `trials`. */
function cumulative(hits: number, trials: number, chance: number): number {
  let logTerm = trials * Math.log1p(-chance);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= hits; i++) {
    logTerm += Math.log((trials - i + 1) / i) + Math.log(chance) - Math.log1p(-chance);
    sum += Math.exp(logTerm);
  }
  return sum;
}
