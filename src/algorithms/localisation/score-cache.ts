/**
 * Scores of candidates, kept until something changes that they depend on, and given back where the
 * search goes back to what it believed before: most changes that it tries are taken back.
 */

import type { Mixture } from './partial-loss.ts';

/** How a candidate does beside what is believed, as far as that has been worked out. */
export interface Scores {
  gain: number;
  theta: number;
  isStale: boolean;
  mixture: Mixture | undefined;
  isMixtureStale: boolean;
  /** In which epoch of the journal they were last noted: one change of each is enough. */
  epoch: number;
}

/** Nothing is worked out yet. */
export function newScores(): Scores {
  return {
    gain: 0,
    theta: 0,
    isStale: true,
    mixture: undefined,
    isMixtureStale: true,
    epoch: -1,
  };
}

/** A moment to come back to. */
export type Mark = number;

interface Entry {
  readonly scores: Scores;
  readonly was: Scores;
}

/** Notes what scores were before they changed. */
export class ScoreJournal {
  readonly #entries: Entry[] = [];
  #epoch = 0;

  /** Begins an epoch, which `backTo` undoes. */
  mark(): Mark {
    this.#epoch++;
    return this.#entries.length;
  }

  /** Must be called before any of the scores change. */
  note(scores: Scores): void {
    if (scores.epoch === this.#epoch) return;
    scores.epoch = this.#epoch;
    this.#entries.push({ scores, was: { ...scores } });
  }

  /** Makes all scores what they were at a mark; the marks after it are no longer valid. */
  backTo(mark: Mark): void {
    for (let entry = this.#pop(mark); entry !== undefined; entry = this.#pop(mark)) {
      Object.assign(entry.scores, entry.was);
    }
    this.#epoch++;
  }

  #pop(mark: Mark): Entry | undefined {
    return this.#entries.length > mark ? this.#entries.pop() : undefined;
  }
}
