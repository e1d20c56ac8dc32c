/** What a piece of code costs: processor time and live heap a repetition, and a line that says so. */

export interface Cost {
  /** The median over the rounds. */
  readonly nsEach: number;
  /** Growth of the live heap over all rounds, after the first as warm-up. */
  readonly heapBytesEach: number;
}

const ROUNDS = 7;

/**
 * Runs `repeat(count)` again and again.
 *
 * @param repeat does the thing `count` times; what it returns is kept alive until the end
 */
export function costOf(count: number, repeat: (count: number) => unknown): Cost {
  const kept: unknown[] = [repeat(Math.ceil(count / 10)), repeat(count)];
  const heapBefore = liveHeapBytes();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedAt = process.cpuUsage();
    kept[1] = repeat(count);
    const { user, system } = process.cpuUsage(startedAt);
    return (1000 * (user + system)) / count;
  });
  const grownBytes = liveHeapBytes() - heapBefore;
  return { nsEach: median(rounds), heapBytesEach: grownBytes / (ROUNDS * count) };
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** With a garbage collection before, where that is permitted. */
export function liveHeapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

/** One figure beside its goal: `pass` where the ratio of both keeps to it. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly isGoalMost: boolean;
}

/** Prints figures as they are made, and knows how many missed their goals. */
export class FigureList {
  missed = 0;

  add({ what, value, unit, goal, isGoalMost }: Figure): void {
    const isMet = isGoalMost ? value <= goal : value >= goal;
    if (!isMet) this.missed++;
    const bound = `${isGoalMost ? 'at most' : 'at least'} ${rounded(goal)}`;
    const ratio = (goal === 0 ? value : value / goal).toFixed(2);
    const verdict = isMet ? 'pass' : 'MISS';
    console.log(
      `${verdict}  ${what}: ${rounded(value)} ${unit} (goal ${bound}, ratio ${ratio})`.trimEnd(),
    );
  }
}

function rounded(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}
