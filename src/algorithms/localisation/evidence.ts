/**
 * The counts as the search uses them: path classes in pieces. A piece is cut where a loss is found
 * to hit only some of the flows of a path, so that one cell never mixes flows that fare unlike.
 */

import type { Span } from './coverage-classes.ts';
import type { LossModel } from './likelihood.ts';
import { flowCell, flowReturnCell, type PathGraph } from './path-graph.ts';

/** Some flows of one path class. */
interface Piece {
  flows: readonly number[];
  readonly cells: readonly number[];
  readonly returnCell: number;
}

/** One flow's counts over some positions, as the probability of a loss in its cells needs them. */
export interface FlowLosses {
  readonly flow: number;
  /** Answers over all positions. */
  readonly received: number;
  /** Cells in which it lost probes, and how many. */
  readonly cells: readonly number[];
  readonly lost: readonly number[];
}

interface GrowingLosses extends FlowLosses {
  received: number;
  readonly cells: number[];
  readonly lost: number[];
}

/** A piece that was cut off another. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

/** Pieces and, through the model, their cells. */
export class Evidence {
  readonly #graph: PathGraph;
  readonly #model: LossModel;
  readonly #pieces: Piece[];

  constructor(graph: PathGraph, model: LossModel) {
    this.#graph = graph;
    this.#model = model;
    this.#pieces = graph.classes.map(({ flows, cells, returnCell }) => ({
      flows,
      cells,
      returnCell,
    }));
  }

  flowsOf(piece: number): readonly number[] {
    return this.#pieces[piece]?.flows ?? [];
  }

  /** Ids of the cells under a span; `path` counts pieces. */
  cellsOf({ path, from, end }: Span): number[] {
    const { cells = [], returnCell = -1 } = this.#pieces[path] ?? {};
    const ids: number[] = [];
    for (let position = from; position < end; position++) {
      const id = position === cells.length ? returnCell : (cells[position] ?? -1);
      if (id >= 0) ids.push(id);
    }
    return ids;
  }

  /** What each flow under some spans lost. */
  flowLosses(spans: readonly Span[]): FlowLosses[] {
    const byFlow = new Map<number, GrowingLosses>();
    for (const span of spans) {
      for (const flow of this.flowsOf(span.path)) {
        const losses = byFlow.get(flow) ?? { flow, received: 0, cells: [], lost: [] };
        byFlow.set(flow, losses);
        this.#addLosses(losses, span);
      }
    }
    return [...byFlow.values()];
  }

  #addLosses(losses: GrowingLosses, { path, from, end }: Span): void {
    const piece = this.#pieces[path];
    const row = this.#graph.rows[losses.flow];
    if (piece === undefined || row === undefined) return;
    for (let position = from; position < end; position++) {
      const isReturn = position === piece.cells.length;
      const id = isReturn ? piece.returnCell : (piece.cells[position] ?? -1);
      if (id < 0) continue;
      const { sent, received } = isReturn ? flowReturnCell(row) : flowCell(row, position);
      losses.received += received;
      if (received === sent) continue;
      losses.cells.push(id);
      losses.lost.push(sent - received);
    }
  }

  /** Cuts the pieces under some spans that mix members and others. */
  cut(spans: readonly Span[], members: ReadonlySet<number>): Cut[] {
    const cuts: Cut[] = [];
    for (const path of new Set(spans.map((span) => span.path))) {
      const piece = this.#pieces[path];
      const inside = piece?.flows.filter((flow) => members.has(flow)) ?? [];
      if (piece === undefined || inside.length === 0 || inside.length === piece.flows.length) {
        continue;
      }
      cuts.push({ from: path, to: this.#cutOff(piece, inside) });
    }
    return cuts;
  }

  #cutOff(piece: Piece, inside: readonly number[]): number {
    const rows = inside.flatMap((flow) => this.#graph.rows[flow] ?? []);
    const take = (cell: number, countsOf: typeof flowReturnCell): number => {
      if (cell < 0) return -1;
      const part = { sent: 0, received: 0 };
      for (const row of rows) {
        const { sent, received } = countsOf(row);
        part.sent += sent;
        part.received += received;
      }
      return this.#model.splitCell(cell, part);
    };
    const cells = piece.cells.map((cell, position) => take(cell, (row) => flowCell(row, position)));
    const returnCell = take(piece.returnCell, flowReturnCell);
    const taken = new Set(inside);
    piece.flows = piece.flows.filter((flow) => !taken.has(flow));
    return this.#pieces.push({ flows: inside, cells, returnCell }) - 1;
  }
}
