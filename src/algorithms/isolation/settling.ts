/**
 * Whether a run has its answer: every loss has its place, has kept it for some evaluations, and
 * hides no other.
 */

import type { AddressBook } from '../../model/address-book.ts';
import type { Localisation } from '../localisation/localise.ts';
import type { Findings } from './findings.ts';
import { type HiddenLoss, hiddenLoss } from './hidden-loss.ts';
import type { IsolationOptions } from './isolation-options.ts';
import { unclearRows } from './limited-stars.ts';
import { SETTLED_PROBABILITY, settledPlaces } from './localised-flows.ts';

/** A place must be named in this many evaluations in a row, each after another round. */
const SETTLED_EVALUATIONS = 2;
/** … and in as many where it is hardly as probable as was asked for. */
const BARELY_SETTLED_EVALUATIONS = 4;
/** A loss larger than this shows as soon. */
const SEARCHED_MAX = 0.5;

/** What there is to know besides a localisation. */
export interface SettlingFacts {
  readonly findings: Findings;
  readonly roundsOver: number;
  /** Address indexes of interfaces that are asked for less than others. */
  readonly limited: ReadonlySet<number>;
  /** By row of the counts: which flow it is of. */
  readonly flowOf: readonly number[];
}

/** Follows the places of the losses from one evaluation to the next. */
export class Settling {
  readonly #options: IsolationOptions;
  readonly #addresses: AddressBook;
  #places = '';
  /** In a row that named these places. */
  #evaluations = 0;
  #roundsOver = 0;
  #hidden: HiddenLoss | undefined;

  constructor(options: IsolationOptions, addresses: AddressBook) {
    this.#options = options;
    this.#addresses = addresses;
  }

  /** Whether every loss has a place, so that each round may be the last. */
  get isUnderWay(): boolean {
    return this.#evaluations > 0;
  }

  /** Another loss that is looked for, by flow; undefined where none is. */
  get hidden(): HiddenLoss | undefined {
    return this.#hidden;
  }

  /** Whether every loss has its place, had it at the evaluations before, and hides no other. */
  hasSettled(localisation: Localisation, facts: SettlingFacts): boolean {
    const { confidence, source } = this.#options;
    const names = { graph: localisation.graph, addresses: this.#addresses, source };
    const places = settledPlaces(localisation, names, confidence);
    const isSame = places !== undefined && places === this.#places;
    const isNews = facts.roundsOver > (isSame ? this.#roundsOver : 0);
    this.#evaluations =
      places === undefined ? 0 : (isSame ? this.#evaluations : 0) + Number(isNews);
    this.#places = places ?? '';
    this.#roundsOver = facts.roundsOver;
    const isFirm = localisation.losses.every(
      ({ modelProbability }) => modelProbability >= SETTLED_PROBABILITY,
    );
    const wanted = isFirm ? SETTLED_EVALUATIONS : BARELY_SETTLED_EVALUATIONS;
    // Looked for while the place is confirmed, not only afterwards.
    this.#hidden = this.isUnderWay ? this.#hiddenLoss(localisation, facts) : undefined;
    return this.#evaluations >= wanted && this.#hidden === undefined;
  }

  /** Nothing is looked for any more, or not yet. */
  reset(): void {
    this.#hidden = undefined;
  }

  /** Whether another loss may wait beside those that have their place, and where. */
  #hiddenLoss(
    localisation: Localisation,
    { findings, limited: spared, flowOf }: SettlingFacts,
  ): HiddenLoss | undefined {
    const { losses, graph, limited } = localisation;
    // They owe their missing replies to themselves.
    const owing = limited.flatMap(({ vertex }) => {
      const described = graph.vertices[vertex];
      return described?.kind === 'interface' ? [described.address] : [];
    });
    const smallest = Math.min(...losses.map(({ lossRatio }) => lossRatio));
    const hidden = hiddenLoss(
      findings.testableCounts(),
      new Set([
        ...losses.flatMap(({ flowsAcross }) => flowsAcross),
        ...unclearRows(localisation).keys(),
        ...graph.rows.flatMap((row, index) => (row === undefined ? [index] : [])),
      ]),
      {
        confidence: this.#options.confidence,
        lossRatio: Math.max(this.#options.exclude, Math.min(smallest, SEARCHED_MAX)),
        limited: new Set([...owing, ...spared]),
      },
    );
    // Probes take the present path of a flow, whose row has the same number.
    const flows = hidden?.flows.filter(({ flow }) => (flowOf[flow] ?? flow) === flow) ?? [];
    return hidden && { ...hidden, flows };
  }
}
