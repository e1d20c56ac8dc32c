/**
 * Whether a target that leaves probes unanswered loses them, or limits its answers: it is asked
 * less often for a while. A loss takes the same share of few probes as of many; of a limit the
 * share that is answered rises.
 */

import type { TargetAnswers } from './limited-target.ts';

/** What a limit answers of fewer probes: at least so many times the share of before, … */
const RISE_MIN = 3;
/** … but no more than this, since something is always lost. */
const ANSWERED_MAX = 0.995;
/** A limit must be this much likelier than a loss, in nats: it leaves the target unmeasured. */
const LIMIT_NATS = 7;
/** As much likelier a loss ends the trial, … */
const LOSS_NATS = 3;
/** … or that so many probes have left it open. */
const PROBES_MAX = 100;

/** @returns undefined while it is open */
export function isLimit(before: TargetAnswers, slow: TargetAnswers): boolean | undefined {
  // Half an answer more, and half a loss: neither is impossible.
  const lossy = (before.received + 0.5) / (before.sent + 1);
  const limited = Math.min(ANSWERED_MAX, RISE_MIN * lossy);
  if (limited <= lossy) return false;
  const nats =
    slow.received * Math.log(limited / lossy) +
    (slow.sent - slow.received) * Math.log((1 - limited) / (1 - lossy));
  if (nats >= LIMIT_NATS) return true;
  return nats <= -LOSS_NATS || slow.sent >= PROBES_MAX ? false : undefined;
}

/** The trial of one target. */
export class TargetTrial {
  readonly #answersIn: (fromRound: number, untilRound: number) => TargetAnswers;
  #fromRound: number | undefined;
  #outcome: boolean | undefined;

  /** @param answersIn what the target answered in the rounds from one to before another */
  constructor(answersIn: (fromRound: number, untilRound: number) => TargetAnswers) {
    this.#answersIn = answersIn;
  }

  get hasBegun(): boolean {
    return this.#fromRound !== undefined;
  }

  get isOpen(): boolean {
    return this.hasBegun && this.#outcome === undefined;
  }

  /** @param round the first in which the target is asked less often */
  begin(round: number): void {
    // What was asked for before drains into it.
    this.#fromRound = round + 1;
  }

  /** @returns whether it is a limit; undefined while that is open */
  conclude(untilRound: number): boolean | undefined {
    if (this.#fromRound === undefined) return undefined;
    const before = this.#answersIn(0, this.#fromRound);
    this.#outcome ??= isLimit(before, this.#answersIn(this.#fromRound, untilRound));
    return this.#outcome;
  }

  /** What it answered when asked less often; undefined where that was not tried. */
  whenSlow(untilRound: number): TargetAnswers | undefined {
    return this.#fromRound === undefined ? undefined : this.#answersIn(this.#fromRound, untilRound);
  }
}
