/** What a run of `isolate` is asked for, and why it ends. */

export interface IsolationOptions {
  readonly flows: number;
  /** Classes of traffic, 1 unless told: as many flows of each, class after class. */
  readonly classes?: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Probability that a statement must have, within (0, 1). */
  readonly confidence: number;
  /** Losses below this ratio are of no interest. */
  readonly minLoss: number;
  /** A clean run is over when this loss or more is ruled out on every testable link. */
  readonly exclude: number;
  readonly maxProbes: number;
  readonly maxTimeUs: number;
  /** Address index of the target, … */
  readonly target: number;
  /** … or of several, of which each class has as many flows, target after target. */
  readonly targets?: readonly number[];
  /** Whether the target answers with ICMP errors, of which hosts send only so many. */
  readonly mayTargetLimit?: boolean;
  /** Address of the source, as text. */
  readonly source: string;
}

/** Why a run ended; `recorded` where others sent its probes, and ended when they chose to. */
export type StopReason = 'sure' | 'clean' | 'no-answer' | 'max-time' | 'max-probes' | 'recorded';
