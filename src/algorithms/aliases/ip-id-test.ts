/**
 * Whether two interfaces number their packets by one counter, as those of one router often do: the
 * monotonic bounds test (Keys 2013). Identifications of both, put in the order of time, must rise
 * as one series; with counters of their own they would have to fall into each other's gaps by luck.
 */

/** One reply's identification, and when its sender wrote it, as far as anyone can tell. */
export interface IdSample {
  readonly atUs: number;
  /** 16 bits. */
  readonly id: number;
}

/** Why identifications say nothing; `few`: too few replies. */
export type Unusable = 'few' | 'constant' | 'random';

/** What a pair of series says. */
export type IdVerdict =
  /** `chance`: the probability of fitting so well with a counter each. */
  | { readonly kind: 'shared'; readonly chance: number }
  | { readonly kind: 'apart' }
  /** Neither lies between samples of the other often enough. */
  | { readonly kind: 'unknown' };

const IDS = 2 ** 16;
const SAMPLES_MIN = 5;
/** The mean step of a counter that is read often enough; of a random number it is half of all. */
const STEP_MAX = IDS / 8;
/** So often one series must pass from one interface to the other. */
const CROSSINGS_MIN = 4;

/** Undefined for a series that a counter may have made. */
export function unusableIds(samples: readonly IdSample[]): Unusable | undefined {
  if (samples.length < SAMPLES_MIN) return 'few';
  const steps = stepsOf(inTime(samples));
  if (steps.every((step) => step === 0)) return 'constant';
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  return mean > STEP_MAX ? 'random' : undefined;
}

/** Compares two series, each of which a counter may have made. */
export function compareIds(a: readonly IdSample[], b: readonly IdSample[]): IdVerdict {
  const merged = settled(
    inTime([
      ...a.map((sample) => ({ ...sample, isA: true })),
      ...b.map((sample) => ({ ...sample, isA: false })),
    ]),
    Math.min(spacingOf(a), spacingOf(b)) * SIMULTANEOUS,
  );
  const crossings = merged.filter((sample, i) => i > 0 && sample.isA !== merged[i - 1]?.isA);
  if (crossings.length < CROSSINGS_MIN) return { kind: 'unknown' };
  const total = stepsOf(merged).reduce((sum, step) => sum + step, 0);
  // What either has counted on its own, and once more at most for what is before and behind it.
  const own = Math.max(spanOf(a), spanOf(b));
  if (total > own + 2 * STEP_MAX) return { kind: 'apart' };
  const gap = Math.min(narrowestGap(merged), IDS);
  // Twice, as samples that are as good as simultaneous were put in the order that fits.
  return gap === 0 ? { kind: 'apart' } : { kind: 'shared', chance: (2 * gap) / IDS };
}

/** Samples this close in time, of the distance between those of one interface, have no order. */
const SIMULTANEOUS = 0.25;

/** Of two that are as good as simultaneous, the lower identification first. */
function settled<Sample extends IdSample>(
  samples: readonly Sample[],
  toleranceUs: number,
): readonly Sample[] {
  const sorted = [...samples];
  for (let i = 0; i + 1 < sorted.length; i++) {
    const [one, next] = [sorted[i], sorted[i + 1]];
    if (one === undefined || next === undefined) break;
    const isBack = (next.id - one.id + IDS) % IDS > IDS / 2;
    if (next.atUs - one.atUs > toleranceUs || !isBack) continue;
    [sorted[i], sorted[i + 1]] = [next, one];
  }
  return sorted;
}

function spacingOf(samples: readonly IdSample[]): number {
  const times = samples.map(({ atUs }) => atUs).sort((x, y) => x - y);
  const gaps = times.slice(1).map((atUs, i) => atUs - (times[i] ?? 0));
  return Math.min(...gaps);
}

function inTime<Sample extends IdSample>(samples: readonly Sample[]): Sample[] {
  return samples.toSorted((x, y) => x.atUs - y.atUs);
}

function stepsOf(samples: readonly IdSample[]): number[] {
  return samples.slice(1).map(({ id }, i) => (id - (samples[i]?.id ?? 0) + IDS) % IDS);
}

function spanOf(samples: readonly IdSample[]): number {
  return stepsOf(inTime(samples)).reduce((sum, step) => sum + step, 0);
}

/**
 * The least room that one series leaves the other: between two neighbouring samples of the one
 * with samples of the other in between. A counter of its own would have to hit it.
 */
function narrowestGap(merged: readonly (IdSample & { readonly isA: boolean })[]): number {
  let narrowest = Number.POSITIVE_INFINITY;
  for (const side of [true, false]) {
    let [last, hasOther] = [-1, false];
    for (const { id, isA } of merged) {
      if (isA !== side) {
        hasOther = true;
        continue;
      }
      if (last >= 0 && hasOther) narrowest = Math.min(narrowest, (id - last + IDS) % IDS);
      [last, hasOther] = [id, false];
    }
  }
  return narrowest;
}
