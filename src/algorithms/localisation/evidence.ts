/**
 * The counts as the search uses them: path classes in pieces. A piece is cut where a loss is found
 * to hit only some of the flows of a path, so that one cell never mixes flows that fare unlike.
 */

import type { Span } from './coverage-classes.ts';
import { FlowSums, type PositionLoss } from './flow-sums.ts';
import type { LossModel } from './likelihood.ts';
import { flowCell, flowReturnCell, type PathGraph } from './path-graph.ts';

/** Some flows of one path class. */
interface Piece {
  flows: readonly number[];
  readonly cells: readonly number[];
  readonly returnCell: number;
}

/** What the flows across a place lost there, in columns: there may be ten thousand of them. */
export interface LossesOfFlows {
  /** The flows that lost probes. */
  readonly hit: readonly number[];
  /** Parallel: the answers of each over all positions, and where its losses begin in `cells`. */
  readonly received: readonly number[];
  readonly starts: readonly number[];
  /** By loss, flow after flow: in which cell, and how many probes. */
  readonly cells: readonly number[];
  readonly lost: readonly number[];
  /** Of the flows that lost nothing: how many have how many answers. */
  readonly spared: ReadonlyMap<number, number>;
  /** All of them. */
  readonly flows: number;
}

/** What was lost under some spans, round by round. */
export interface RoundLosses {
  /** How many probes, by cell. */
  readonly losses: readonly ReadonlyMap<number, number>[];
  /** The part of all probes under the spans that was sent in this round; adds up to 1. */
  readonly shares: readonly number[];
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
    const columns: LossColumns = { hit: [], received: [], starts: [], cells: [], lost: [] };
    const spared = new Map<number, number>();
    let count = 0;
    // Flows of one path that lost nothing mostly have as many answers.
    let [alike, answers] = [0, 0];
    const flush = (): void => {
      if (alike > 0) spared.set(answers, (spared.get(answers) ?? 0) + alike);
    };
    for (const [path, inside] of byPath(spans)) {
      const flows = this.flowsOf(path);
      const place = { path, inside };
      count += flows.length;
      for (const flow of flows) {
        let received = 0;
        for (const span of inside) received += this.#sums.answers(flow, span);
        if (this.#addLosses(flow, place, columns)) {
          columns.hit.push(flow);
          columns.received.push(received);
        } else if (received === answers) {
          alike++;
        } else {
          flush();
          [alike, answers] = [1, received];
        }
      }
    }
    flush();
    return { ...columns, spared, flows: count };
  }

  /**
   * What was lost under some spans in each round, and how much was sent.
   *
   * @param isLeftOut cells that do not count
   */
  lossesByRound(
    spans: readonly Span[],
    rounds: number,
    isLeftOut: (cell: number) => boolean = () => false,
  ): RoundLosses {
    const losses = Array.from({ length: rounds }, () => new Map<number, number>());
    const probes = new Array<number>(rounds).fill(0);
    for (const [path, inside] of byPath(spans)) {
      const { cells = [] } = this.#pieces[path] ?? {};
      const positions = [...cells.keys(), cells.length].filter(
        (position) => isInside(position, inside) && !isLeftOut(this.#cellAt(path, position)),
      );
      for (const flow of this.flowsOf(path))
        this.#addRounds({ flow, path, positions }, { losses, probes });
    }
    const all = probes.reduce((sum, count) => sum + count, 0);
    return { losses, shares: probes.map((count) => (all > 0 ? count / all : 1 / rounds)) };
  }

  /** Adds the losses and the probes of one flow at some positions to their rounds. */
  #addRounds(
    { flow, path, positions }: { flow: number; path: number; positions: readonly number[] },
    { losses, probes }: { losses: readonly Map<number, number>[]; probes: number[] },
  ): void {
    const { sentIn = [] } = this.#graph.rows[flow] ?? {};
    const sentTo = (position: number): readonly number[] | undefined =>
      sentIn[position] ?? sentIn.at(-1);
    for (const position of positions) {
      const answers = this.#sums.answers(flow, { from: position, end: position + 1 });
      shareOut(answers, sentTo(position), probes);
    }
    for (const loss of this.#sums.losses(flow)) {
      if (!positions.includes(loss.position)) continue;
      spread(loss, this.#cellAt(path, loss.position), losses);
      shareOut(loss.lost, sentTo(loss.position), probes);
    }
  }

  /** Adds the losses of one flow; returns whether there were any. */
  #addLosses(
    flow: number,
    { path, inside }: { path: number; inside: readonly Span[] },
    { starts, cells, lost }: LossColumns,
  ): boolean {
    const start = cells.length;
    for (const loss of this.#sums.losses(flow)) {
      if (!isInside(loss.position, inside)) continue;
      cells.push(this.#cellAt(path, loss.position));
      lost.push(loss.lost);
    }
    if (cells.length === start) return false;
    starts.push(start);
    return true;
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

/**
 * Adds a loss to the rounds in which it was noted. A probe that the target answered late is noted
 * as lost, and was not; what nobody noted is shared out evenly.
 */
function spread(
  { lost, rounds }: PositionLoss,
  cell: number,
  byRound: readonly Map<number, number>[],
): void {
  const noted = rounds.length > 0 ? rounds : [...byRound.keys()];
  for (const round of noted) {
    const there = byRound[round];
    there?.set(cell, (there.get(cell) ?? 0) + lost / noted.length);
  }
}

/** Adds probes to a hop to the rounds in which it was asked; to all alike where nobody noted it. */
function shareOut(sent: number, sentIn: readonly number[] | undefined, probes: number[]): void {
  if (sent === 0) return;
  if (sentIn === undefined || sentIn.length === 0) {
    for (const round of probes.keys()) probes[round] = (probes[round] ?? 0) + sent / probes.length;
    return;
  }
  for (const round of sentIn) probes[round] = (probes[round] ?? 0) + sent / sentIn.length;
}

type LossColumns = {
  -readonly [Column in Exclude<keyof LossesOfFlows, 'spared' | 'flows'>]: number[];
};

function isInside(position: number, spans: readonly Span[]): boolean {
  for (const { from, end } of spans) if (position >= from && position < end) return true;
  return false;
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
