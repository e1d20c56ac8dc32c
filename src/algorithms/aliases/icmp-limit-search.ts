/**
 * Asks interfaces that say nothing else about their routers for more errors than they may send, to
 * see which others of their hop then answer less. Without input or output of its own.
 */

import { JOINED_FROM, type PairEvidence, posterior } from './alias-groups.ts';
import { isLimited, sharedLimitChance, type WitnessRounds } from './icmp-limit-test.ts';

/** An interface that may have a limit. */
export interface LimitCandidate {
  /** Index of its address. */
  readonly address: number;
  readonly ttl: number;
  /** The number under which it is asked. */
  readonly candidate: number;
}

/** Probes that show whether an interface has a limit, and that use up what it has. */
const BURST_PROBES = 24;
/** Rounds of each kind for one interface that is asked too much. */
const ROUNDS_OF_A_KIND = 7;
/** Probes of each witness in a round. */
const WITNESS_PROBES = 3;
/** After each round budgets fill again. */
const REST_US = 2e6;
/** The witnesses are asked when this share of a burst has been sent. */
const USED_UP = 2 / 3;

/** What is done at the moment; `pressed` is -1 where nobody is asked too much. */
interface Round {
  readonly pressed: number;
  readonly witnesses: readonly number[];
  readonly answered: Map<number, number>;
  sent: number;
  isWitnessing: boolean;
}

/** Rounds with one interface that is asked too much. */
interface Trial {
  readonly pressed: number;
  readonly rounds: ReadonlyMap<number, { readonly loud: number[]; readonly quiet: number[] }>;
  done: number;
}

/** One search; it counts on hearing of every probe that it orders. */
export class IcmpLimitSearch {
  readonly #candidates: ReadonlyMap<number, LimitCandidate>;
  readonly #order: (candidate: number) => void;
  readonly #evidence: PairEvidence[] = [];
  /** Limited interfaces that nobody has been compared with. */
  #waiting: number[] | undefined;
  #round: Round;
  #trial: Trial | undefined;
  #pending = 0;
  #restUntilUs = Number.NEGATIVE_INFINITY;

  /** @param order takes a probe of a candidate, by its number */
  constructor(candidates: readonly LimitCandidate[], order: (candidate: number) => void) {
    this.#candidates = new Map(candidates.map((each) => [each.candidate, each]));
    this.#order = order;
    this.#round = newRound(-1, []);
    for (const { candidate } of candidates) this.#ask(candidate, BURST_PROBES);
  }

  get isOver(): boolean {
    return this.#pending === 0 && this.#waiting?.length === 0 && this.#trial === undefined;
  }

  /** Pairs that seem to have one budget. */
  get evidence(): readonly PairEvidence[] {
    return this.#evidence;
  }

  /** A probe left. */
  sent(candidate: number): void {
    if (candidate === this.#round.pressed) this.#round.sent++;
  }

  settled(candidate: number, { isAnswered }: { readonly isAnswered: boolean }): void {
    this.#pending--;
    if (!isAnswered) return;
    this.#round.answered.set(candidate, this.#answersOf(candidate) + 1);
  }

  /** When it has something to do, whatever comes. */
  deadlineUs(): number {
    return this.#pending === 0 && !this.isOver ? this.#restUntilUs : Number.POSITIVE_INFINITY;
  }

  advance(nowUs: number): void {
    const isUsedUp = this.#round.sent >= USED_UP * BURST_PROBES || this.#pending === 0;
    if (isUsedUp && !this.#round.isWitnessing) this.#askWitnesses();
    if (this.#pending > 0 || this.isOver) return;
    if (this.#restUntilUs === Number.NEGATIVE_INFINITY) {
      this.#closeRound();
      this.#restUntilUs = nowUs + REST_US;
    }
    if (nowUs < this.#restUntilUs || this.isOver) return;
    this.#restUntilUs = Number.NEGATIVE_INFINITY;
    this.#openRound();
  }

  #answersOf(candidate: number): number {
    return this.#round.answered.get(candidate) ?? 0;
  }

  #ask(candidate: number, count: number): void {
    this.#pending += count;
    for (let i = 0; i < count; i++) this.#order(candidate);
  }

  #askWitnesses(): void {
    this.#round.isWitnessing = true;
    for (const witness of this.#round.witnesses) this.#ask(witness, WITNESS_PROBES);
  }

  #openRound(): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    const isLoud = trial.done % 2 === 1;
    this.#round = newRound(isLoud ? trial.pressed : -1, [...trial.rounds.keys()]);
    if (isLoud) this.#ask(trial.pressed, BURST_PROBES);
    else this.#askWitnesses();
  }

  #closeRound(): void {
    const trial = this.#trial;
    if (trial === undefined) {
      this.#waiting = [...this.#candidates.keys()].filter((candidate) =>
        isLimited({ asked: BURST_PROBES, answered: this.#answersOf(candidate) }),
      );
    } else {
      const kind = trial.done % 2 === 1 ? 'loud' : 'quiet';
      for (const [witness, rounds] of trial.rounds) rounds[kind].push(this.#answersOf(witness));
      trial.done++;
      if (trial.done < 2 * ROUNDS_OF_A_KIND && canStillTell(trial)) return;
      for (const [witness, rounds] of trial.rounds) this.#judge(trial.pressed, witness, rounds);
    }
    this.#trial = this.#nextTrial();
  }

  #judge(pressed: number, witness: number, rounds: WitnessRounds): void {
    const [a, b] = [this.#candidates.get(pressed), this.#candidates.get(witness)];
    const probability = posterior(sharedLimitChance(rounds));
    if (a === undefined || b === undefined || probability < JOINED_FROM) return;
    this.#evidence.push({ pair: [a.address, b.address], kind: 'icmp-limit', probability });
    // Whoever shares its budget has been compared with all others by that.
    this.#waiting = this.#waiting?.filter((candidate) => candidate !== witness);
  }

  #nextTrial(): Trial | undefined {
    for (let next = this.#waiting?.shift(); next !== undefined; next = this.#waiting?.shift()) {
      const witnesses = this.#witnessesOf(next);
      if (witnesses.length === 0) continue;
      const rounds = new Map(witnesses.map((each) => [each, { loud: [], quiet: [] }]));
      return { pressed: next, rounds, done: 0 };
    }
    return undefined;
  }

  /** Others of its hop that nobody has been compared with. */
  #witnessesOf(pressed: number): number[] {
    const own = this.#candidates.get(pressed);
    return (this.#waiting ?? []).filter((candidate) => {
      const other = this.#candidates.get(candidate);
      return other?.ttl === own?.ttl && other?.address !== own?.address;
    });
  }
}

/** Whether any witness could still turn out to share the budget, if all went that way from here. */
function canStillTell({ rounds }: Trial): boolean {
  const filled = (counts: readonly number[], answers: number): number[] => [
    ...counts,
    ...Array.from({ length: ROUNDS_OF_A_KIND - counts.length }, () => answers),
  ];
  return [...rounds.values()].some(({ loud, quiet }) => {
    const best = { loud: filled(loud, 0), quiet: filled(quiet, WITNESS_PROBES) };
    return posterior(sharedLimitChance(best)) >= JOINED_FROM;
  });
}

function newRound(pressed: number, witnesses: readonly number[]): Round {
  return { pressed, witnesses, answered: new Map(), sent: 0, isWitnessing: false };
}
