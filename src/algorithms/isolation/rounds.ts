/**
 * Rounds under way. A round counts as a whole, when the outcome of each of its probes is known:
 * replies come before losses are known, so that counting probes one by one would make every loss
 * look smaller than it is.
 */

/** The probe arrived, but what answered it was only a repeat: its first answer was lost. */
export const ANSWERED_LATE = -2;
/** The probe tells nothing, as another one in flight may have taken its answer. */
export const VOID = -3;

/** The target answered, from wherever: a router may use its address as well. */
export const FROM_TARGET = -4;

/** What became of one probe of a flow. */
export interface Observation {
  readonly round: number;
  readonly hop: number;
  /** When it was sent, in microseconds of the run's clock. */
  readonly atUs: number;
  /** Address index of who answered; else `STAR` or one of the marks above. */
  answer: number;
}

interface OpenRound {
  readonly id: number;
  readonly outcomes: { readonly flow: number; readonly observation: Observation }[];
  outstanding: number;
}

/** The rounds whose probes have not all been heard of. */
export class Rounds {
  readonly #open: OpenRound[] = [];
  #started = 0;

  /** Opens the next round; its number. */
  start(): number {
    const id = this.#started++;
    this.#open.push({ id, outcomes: [], outstanding: 0 });
    return id;
  }

  /** How many are open. */
  get open(): number {
    return this.#open.length;
  }

  /** How many have been opened. */
  get started(): number {
    return this.#started;
  }

  /** Notes that a probe of the newest round was ordered. */
  ordered(): void {
    const round = this.#open.at(-1);
    if (round !== undefined) round.outstanding++;
  }

  /** Notes what became of a probe; of a round that is over, nothing more. */
  settle(flow: number, observation: Observation): void {
    const round = this.#roundOf(observation.round);
    if (round === undefined) return;
    round.outstanding--;
    round.outcomes.push({ flow, observation });
  }

  /** Takes a probe that was never sent out of its round. */
  withdraw(id: number): void {
    const round = this.#roundOf(id);
    if (round !== undefined) round.outstanding--;
  }

  /** What has become of a flow's probes of the rounds that are open, or of one of these. */
  outcomesOf(flow: number, round?: number): Observation[] {
    const rounds = round === undefined ? this.#open : [this.#roundOf(round)];
    return rounds.flatMap((each) =>
      (each?.outcomes ?? []).flatMap((outcome) =>
        outcome.flow === flow ? outcome.observation : [],
      ),
    );
  }

  /** Hands over, in order, the outcomes of the rounds that are over; returns how many they were. */
  takeOver(take: (flow: number, observation: Observation) => void): number {
    let over = 0;
    while (this.#open[0]?.outstanding === 0) {
      const round = this.#open.shift();
      for (const { flow, observation } of round?.outcomes ?? []) take(flow, observation);
      over++;
    }
    return over;
  }

  #roundOf(id: number): OpenRound | undefined {
    return this.#open[id - (this.#open[0]?.id ?? 0)];
  }
}
