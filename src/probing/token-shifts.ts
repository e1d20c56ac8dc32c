/**
 * By how much something on the way shifts the TCP sequence numbers of one flow. Where its answers
 * come back another way, nobody shifts their acknowledgments back: they name no token of ours, but
 * all of them miss theirs by the same 32 bits.
 *
 * A quote that was known by its second key shows the shift. Where no quote does, two answers to
 * different probes show it: of the shifts that would explain the one and those that would explain
 * the other, only the true one is alike. Until then an answer is held back, not believed.
 */

/** An answer of which it is not known yet what it answers. */
export interface HeldAnswer {
  /** From the IP header on. */
  readonly packet: Uint8Array;
  /** Monotonic microseconds. */
  readonly receivedAtUs: number;
}

/** A probe that an answer may be for, and the shift that would say so. */
export interface ShiftGuess {
  /** Of the probe, before it becomes a token. */
  readonly counter: number;
  /** Modulo 2^32. */
  readonly shift: number;
}

/** A path that changes may come through another firewall; then the latest count. */
const KNOWN_MAX = 4;
/** What a flood of forged answers can fill, for each flow. */
const HELD_MAX = 4;

/** What one flow has shown. */
export class TokenShifts {
  readonly #known: number[] = [];
  readonly #held: { answer: HeldAnswer; guesses: readonly ShiftGuess[] }[] = [];

  /** Latest first. */
  get known(): readonly number[] {
    return this.#known;
  }

  /** @param shift modulo 2^32 */
  learn(shift: number): void {
    if (this.#known.includes(shift)) return;
    this.#known.unshift(shift);
    if (this.#known.length > KNOWN_MAX) this.#known.pop();
  }

  /**
   * Holds an answer back, or learns the shift from it and one that was held.
   *
   * @returns the answers that the shift explains, in the order they came in; none unless it was
   *   learned
   */
  hold(answer: HeldAnswer, guesses: readonly ShiftGuess[]): readonly HeldAnswer[] {
    for (const [i, earlier] of this.#held.entries()) {
      const shift = commonShift(earlier.guesses, guesses);
      if (shift === undefined) continue;
      this.learn(shift);
      this.#held.splice(i, 1);
      return [earlier.answer, answer];
    }
    this.#held.push({ answer, guesses });
    if (this.#held.length > HELD_MAX) this.#held.shift();
    return [];
  }
}

/** The shift that explains both, as answers to different probes: one answer may come twice. */
function commonShift(
  guesses: readonly ShiftGuess[],
  others: readonly ShiftGuess[],
): number | undefined {
  return guesses.find(({ counter, shift }) =>
    others.some((other) => other.shift === shift && other.counter !== counter),
  )?.shift;
}
