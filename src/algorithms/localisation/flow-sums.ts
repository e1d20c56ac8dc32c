/**
 * The counts of every flow, added up along its path once, so that a stretch of the path costs no
 * more than the losses in it. Most flows lose nothing, and there may be ten thousand.
 */

import type { FlowRow } from './flow-rows.ts';
import { flowCell, flowReturnCell, type PathClass, type PathGraph } from './path-graph.ts';

/** What a flow lost at one position of its path. */
export interface PositionLoss {
  readonly position: number;
  readonly lost: number;
  /** In which rounds; empty where nobody noted it. */
  readonly rounds: readonly number[];
}

const NONE: readonly PositionLoss[] = [];

/** The position behind the last of a path is the way back from the target. */
export class FlowSums {
  /** Answers before each position, flow after flow. */
  readonly #answers: Float64Array;
  /** By flow: where it begins in that. */
  readonly #starts: Int32Array;
  readonly #losses: (PositionLoss[] | undefined)[];

  constructor({ classes, rows }: PathGraph) {
    const size = classes.reduce((sum, each) => sum + each.flows.length * lengthOf(each), 0);
    this.#answers = new Float64Array(size);
    this.#starts = new Int32Array(rows.length);
    this.#losses = new Array<PositionLoss[] | undefined>(rows.length).fill(undefined);
    let start = 0;
    for (const path of classes) {
      for (const flow of path.flows) {
        const row = rows[flow];
        this.#starts[flow] = start;
        if (row !== undefined) this.#addUp(row, path, start);
        start += lengthOf(path);
      }
    }
  }

  #addUp(row: FlowRow, { cells, returnCell }: PathClass, start: number): void {
    let answers = 0;
    for (let position = 0; position <= cells.length; position++) {
      const isReturn = position === cells.length;
      if ((isReturn ? returnCell : (cells[position] ?? -1)) >= 0) {
        const { sent, received } = isReturn ? flowReturnCell(row) : flowCell(row, position);
        answers += received;
        const rounds = row.lostIn[position] ?? [];
        if (received < sent) this.#addLoss(row.flow, { position, lost: sent - received, rounds });
      }
      this.#answers[start + position + 1] = answers;
    }
  }

  /** Answers to a flow at the positions `from` to before `end`. */
  answers(flow: number, { from, end }: { readonly from: number; readonly end: number }): number {
    const start = this.#starts[flow] ?? 0;
    return (this.#answers[start + end] ?? 0) - (this.#answers[start + from] ?? 0);
  }

  /** Where a flow lost probes, in the order of its path. */
  losses(flow: number): readonly PositionLoss[] {
    return this.#losses[flow] ?? NONE;
  }

  #addLoss(flow: number, loss: PositionLoss): void {
    const known = this.#losses[flow];
    if (known === undefined) this.#losses[flow] = [loss];
    else known.push(loss);
  }
}

/** Its positions, the way back, and the end. */
function lengthOf({ cells }: PathClass): number {
  return cells.length + 2;
}
