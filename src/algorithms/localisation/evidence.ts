/**
 * The counts as the search uses them: path classes in pieces. A piece is cut where a loss is found
 * to hit only some of the flows of a path, so that one cell never mixes flows that fare unlike.
 */

import type { Span } from './coverage-classes.ts';
import { FlowSums } from './flow-sums.ts';
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

/** What the flows across a place lost there. */
export interface LossesOfFlows {
  readonly hit: readonly FlowLosses[];
  /** Of the flows that lost nothing: how many have how many answers. */
  readonly spared: ReadonlyMap<number, number>;
  /** All of them. */
  readonly flows: number;
}

/** A piece that was cut off another. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

const NONE: readonly number[] = [];

/** Pieces and, through the model, their cells. */
export class Evidence {
  readonly #graph: PathGraph;
  readonly #model: LossModel;
  readonly #pieces: Piece[];
  readonly #sums: FlowSums;

  constructor(graph: PathGraph, model: LossModel) {
    this.#graph = graph;
    this.#model = model;
    this.#sums = new FlowSums(graph);
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
  flowLosses(spans: readonly Span[]): LossesOfFlows {
    const hit: FlowLosses[] = [];
    const spared = new Map<number, number>();
    let count = 0;
    for (const [path, inside] of byPath(spans)) {
      const flows = this.flowsOf(path);
      count += flows.length;
      for (const flow of flows) {
        const losses = this.#lossesOf(flow, path, inside);
        if (losses.cells.length > 0) hit.push(losses);
        else spared.set(losses.received, (spared.get(losses.received) ?? 0) + 1);
      }
    }
    return { hit, spared, flows: count };
  }

  /** The noted losses under some spans: how many a cell in each round, by round. */
  lossesByRound(spans: readonly Span[], rounds: number): ReadonlyMap<number, number>[] {
    const byRound = Array.from({ length: rounds }, () => new Map<number, number>());
    for (const [path, inside] of byPath(spans)) {
      for (const flow of this.flowsOf(path)) {
        for (const { position, lost, rounds: noted } of this.#sums.losses(flow)) {
          if (!inside.some(({ from, end }) => position >= from && position < end)) continue;
          const cell = this.#cellAt(path, position);
          // A probe that the target answered late is noted as lost, and was not.
          const weight = lost / noted.length;
          for (const round of noted) {
            const there = byRound[round];
            there?.set(cell, (there.get(cell) ?? 0) + weight);
          }
        }
      }
    }
    return byRound;
  }

  #lossesOf(flow: number, path: number, spans: readonly Span[]): FlowLosses {
    const losses = this.#sums.losses(flow);
    let received = 0;
    for (const span of spans) received += this.#sums.answers(flow, span);
    if (losses.length === 0) return { flow, received, cells: NONE, lost: NONE };
    const cells: number[] = [];
    const lost: number[] = [];
    for (const each of losses) {
      if (!spans.some(({ from, end }) => each.position >= from && each.position < end)) continue;
      cells.push(this.#cellAt(path, each.position));
      lost.push(each.lost);
    }
    return { flow, received, cells, lost };
  }

  #cellAt(path: number, position: number): number {
    const { cells = [], returnCell = -1 } = this.#pieces[path] ?? {};
    return position === cells.length ? returnCell : (cells[position] ?? -1);
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

function byPath(spans: readonly Span[]): ReadonlyMap<number, readonly Span[]> {
  const grouped = new Map<number, Span[]>();
  for (const span of spans) {
    const known = grouped.get(span.path);
    if (known === undefined) grouped.set(span.path, [span]);
    else known.push(span);
  }
  return grouped;
}
