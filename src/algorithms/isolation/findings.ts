/**
 * What the counts of a run show: all classes of its traffic together, without links that are no
 * longer in use, and without a target that only limits its answers.
 */

import type { PathCounts } from '../../model/path-counts.ts';
import type { Prober } from '../../model/probe.ts';
import type { Localisation } from '../localisation/localise.ts';
import { areTargetsReached } from '../localisation/path-graph.ts';
import { unprobedHops } from '../localisation/unprobed-hops.ts';
import type { FlowTable } from './flow-table.ts';
import type { InterfaceBudgets } from './interface-budgets.ts';
import type { IsolationOptions } from './isolation-options.ts';
import { isWithin, starsAt, unclearRows, withoutRows } from './limited-stars.ts';
import {
  blamesTarget,
  type TargetAnswers,
  targetAnswers,
  withoutTarget,
} from './limited-target.ts';
import { presentPaths } from './measured-paths.ts';
import { TargetTrial } from './target-trial.ts';
import {
  type ClassFinding,
  type ClassLayout,
  type CountedFlows,
  localiseClasses,
} from './traffic-classes.ts';

/** A finding, and the flow of each row that its graph was made from. */
export interface Finding extends ClassFinding {
  readonly flowOf: readonly number[];
}

/** Looks at the counts of one run, and finds out whether its target can be relied on. */
export class Findings {
  readonly #options: IsolationOptions;
  readonly #table: FlowTable;
  readonly #layout: ClassLayout;
  readonly #trial: TargetTrial;
  /** Whether the target was found to limit its answers, and is left out since. */
  #isTargetSpared = false;

  constructor(options: IsolationOptions, table: FlowTable, layout: ClassLayout) {
    this.#options = options;
    this.#table = table;
    this.#layout = layout;
    this.#trial = new TargetTrial((from, until) => table.targetAnswers(from, until));
  }

  /** Whether the target is asked less often, and what that shows is still open. */
  get isTargetOnTrial(): boolean {
    return this.#trial.isOpen;
  }

  /**
   * How often a target answered, where those limit that; undefined where they do not.
   *
   * @param roundsPlanned so far
   */
  limitedTarget(target: number, roundsPlanned: number): TargetAnswers | undefined {
    if (!this.#isTargetSpared) return undefined;
    const answers = targetAnswers(this.#table.counts(), target);
    if (this.#isTargetClocked()) return { ...answers, isByClock: true };
    const whenSlow = this.#trial.whenSlow(roundsPlanned);
    return whenSlow === undefined ? answers : { ...answers, whenSlow };
  }

  /**
   * Asks a target that seems to lose packets less often for a while, to see whether it limits its
   * answers, and leaves it out where it does.
   *
   * @param roundsPlanned so far
   * @returns whether that is still open
   */
  tryTarget(
    localisation: Localisation,
    roundsPlanned: number,
    { budgets, prober }: { readonly budgets: InterfaceBudgets; readonly prober: Prober },
  ): boolean {
    if (this.#isTargetSpared || this.#isOneOfSeveral) return false;
    const { target } = this.#options;
    if (!this.#trial.hasBegun) {
      // A target that repeats what gets lost on the way back says by that that it has no limit.
      const losses = localisation.losses.filter(({ direction }) => direction !== 'return');
      const isClear = localisation.losses.every(({ unclear }) => unclear === undefined);
      if (!blamesTarget({ ...localisation, losses }) || !isClear) return false;
      this.#trial.begin(roundsPlanned);
      budgets.slowDown(target, this.#table.counts(), prober);
    }
    const isLimit = this.#trial.conclude(roundsPlanned);
    if (isLimit === false) budgets.release(target, prober);
    this.#isTargetSpared = isLimit === true;
    return isLimit !== false;
  }

  /**
   * Links no longer in use count where they show a loss, and not where they would keep one from
   * being excluded.
   */
  localise(): Finding {
    const { counts, flowOf, changes } = this.#table.measured();
    this.#isTargetSpared ||= !this.#isOneOfSeveral && this.#isTargetClocked();
    const finding = this.#localiseClasses({ counts, flowOf });
    if (changes.length === 0 || finding.localisation.losses.length > 0) {
      return this.#withUnprobed(finding, flowOf);
    }
    const present = presentPaths({ counts, flowOf });
    return this.#withUnprobed(this.#localiseClasses(present), present.flowOf);
  }

  #withUnprobed({ localisation, ...finding }: ClassFinding, flowOf: readonly number[]): Finding {
    const unprobed = unprobedHops(localisation, flowOf, this.#options);
    return {
      ...finding,
      flowOf,
      localisation: unprobed === undefined ? localisation : { ...localisation, unprobed },
    };
  }

  get #isOneOfSeveral(): boolean {
    return (this.#options.targets?.length ?? 1) > 1;
  }

  #isTargetClocked(): boolean {
    return this.#table.counts().clocked?.has(this.#options.target) ?? false;
  }

  /** What may show other losses: a target that limits its answers does not. */
  testableCounts(): PathCounts {
    const counts = this.#table.counts();
    if (!this.#isTargetSpared) return counts;
    const { flows } = withoutTarget(counts);
    const isReached = (row: number): boolean => counts.flows[row]?.isReached ?? false;
    return { ...counts, flows: flows.map((flow, row) => ({ ...flow, isReached: isReached(row) })) };
  }

  /** All classes on the counts, without a target that only limits its answers. */
  #localiseClasses(flows: CountedFlows): ClassFinding {
    if (!this.#isTargetSpared) {
      const finding = localiseClasses(flows, this.#layout, this.#options);
      const isLimit = this.#options.mayTargetLimit && blamesTarget(finding.localisation);
      if (!isLimit) return this.#cleared(finding, flows);
      this.#isTargetSpared = true;
    }
    const counts = withoutTarget(flows.counts);
    const finding = localiseClasses({ ...flows, counts }, this.#layout, this.#options);
    const { localisation } = finding;
    const isTargetReached = areTargetsReached(flows.counts);
    const graph = { ...localisation.graph, isTargetReached };
    return this.#cleared(
      { ...finding, localisation: { ...localisation, graph } },
      { ...flows, counts },
    );
  }

  /**
   * The same finding, which says of every loss whether stars may have moved it: they have not where
   * the flows without any tell the same by themselves.
   */
  #cleared(finding: ClassFinding, flows: CountedFlows): ClassFinding {
    const { localisation } = finding;
    const { confidence } = this.#options;
    const rows = unclearRows(localisation);
    const losses = localisation.losses.map((loss) => {
      const why = starsAt(loss, rows);
      if (why === undefined || loss.modelProbability < confidence)
        return { ...loss, ...(why && { unclear: why }) };
      const clear = { ...flows, counts: withoutRows(flows.counts, rows) };
      const known = localiseClasses(clear, this.#layout, this.#options).localisation;
      const isKnown = known.losses.some(
        (other) =>
          other.modelProbability >= confidence &&
          isWithin({ loss: other, graph: known.graph }, { loss, graph: localisation.graph }),
      );
      return isKnown ? loss : { ...loss, unclear: why };
    });
    return { ...finding, localisation: { ...localisation, losses } };
  }
}
