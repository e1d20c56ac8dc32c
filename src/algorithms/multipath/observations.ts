/** Everything that the probes of a multipath discovery brought, by flow and TTL. */

import type { ProbeReply } from '../../model/probe.ts';

/** The probes of one flow at one TTL. */
export interface Cell {
  /** Never grown in place: an array that is keeps room for many more. */
  answers: readonly ProbeReply[];
  /** Probes ordered so far: the next one's round. */
  ordered: number;
  /** Ordered, and without an outcome. */
  pending: number;
  lost: number;
  /** Refused by the kernel. */
  unsent: number;
}

/**
 * `open`: under way, or to be tried again. `star`: tried often enough without an answer. `void`:
 * the kernel would not send it.
 */
export type CellState = 'none' | 'open' | 'answered' | 'star' | 'void';

/** So many probes go unanswered before a flow has a star where others are answered, … */
const ATTEMPTS = 3;
/** … and so many where nobody has answered yet; … */
const ATTEMPTS_IN_SILENCE = 2;
/** … or one, once this many flows had theirs there. */
const STARS_OF_A_SILENT_HOP = 3;

/** Where answers that came only to a repeated probe are no rarity, errors seem to be limited: … */
const LIMITED_FROM = 3;
/** … there a flow is asked more often before it has a star, but later and slowly, … */
const ATTEMPTS_AT_A_LIMIT = 20;
/** … until so many probes have been spent on patience in all. */
const PATIENCE = 2000;

/** Where something has happened since somebody last asked. */
export interface CellChange {
  readonly flow: number;
  readonly ttl: number;
  /** By how much the number of its probes without an outcome has changed. */
  readonly pending: 1 | 0 | -1;
}

/** A table that grows with its flows. */
export class Observations {
  readonly #rows: (Cell | undefined)[][] = [];
  readonly #answersAt: number[] = [];
  readonly #starsAt: number[] = [];
  readonly #limitedAt: number[] = [];
  /** The same of ends alone, at all TTLs: whoever is the end has one limit for all of them. */
  #limitedEnds = 0;
  readonly #endsAt: number[] = [];
  #patience = PATIENCE;
  #pending = 0;
  #lastTtl = 0;
  readonly #lossesAt: number[] = [];
  #changes: CellChange[] = [];
  #isForgotten = false;

  /** Flows that were ever probed: 0 to this, without it. */
  get flows(): number {
    return this.#rows.length;
  }

  /** The last TTL that was ever probed. */
  get lastTtl(): number {
    return this.#lastTtl;
  }

  /** Probes without an outcome. */
  get pending(): number {
    return this.#pending;
  }

  /** Where errors seem to be limited. */
  get limitedTtls(): readonly number[] {
    const ttls = Math.max(this.#limitedAt.length, this.#endsAt.length);
    return Array.from({ length: ttls }, (_, ttl) => ttl).filter((ttl) => this.#isLimited(ttl));
  }

  /** Whether a probe to this TTL was ever lost or not sent. */
  hasLossAt(ttl: number): boolean {
    return (this.#lossesAt[ttl] ?? 0) > 0;
  }

  /** All that has changed since the last call, in its order; undefined for everything. */
  takeChanges(): readonly CellChange[] | undefined {
    const changes = this.#isForgotten ? undefined : this.#changes;
    this.#isForgotten = false;
    this.#changes = [];
    return changes;
  }

  /** Notes an order; returns its round. */
  ordered(flow: number, ttl: number): number {
    while (this.#rows.length <= flow) this.#rows.push([]);
    const row = this.#rows[flow] ?? [];
    this.#lastTtl = Math.max(this.#lastTtl, ttl);
    row[ttl] ??= { answers: [], ordered: 0, pending: 0, lost: 0, unsent: 0 };
    const cell = row[ttl];
    this.#changes.push({ flow, ttl, pending: 1 });
    if (cell.lost >= ATTEMPTS && this.isToRetry(flow, ttl)) this.#patience--;
    cell.pending++;
    this.#pending++;
    return cell.ordered++;
  }

  /** Takes in a reply, which must be the caller's to keep. */
  replied(reply: ProbeReply): void {
    const cell = this.cellAt(reply.flow, reply.ttl);
    if (cell === undefined || cell.pending === 0) return;
    this.#settle(cell, reply);
    if (cell.lost > 0 && cell.answers.length === 0) {
      this.#limitedAt[reply.ttl] = (this.#limitedAt[reply.ttl] ?? 0) + 1;
      if (isEnd(reply)) this.#limitedEnds++;
    }
    const enough = this.#enoughTtl(reply);
    if (enough < reply.ttl) this.#changes.push({ flow: reply.flow, ttl: enough, pending: 0 });
    this.#note(this.cellAt(reply.flow, enough) ?? cell, reply, enough);
  }

  /** Takes in a reply to a probe that counts as lost; tells whether it changes anything. */
  repliedLate(reply: ProbeReply): boolean {
    const cell = this.cellAt(reply.flow, reply.ttl);
    if (cell === undefined || cell.lost === 0 || cell.answers.length > 0) return false;
    cell.lost--;
    this.#changes.push({ flow: reply.flow, ttl: reply.ttl, pending: 0 });
    this.#note(cell, reply, reply.ttl);
    return true;
  }

  lost(flow: number, ttl: number): void {
    const cell = this.cellAt(flow, ttl);
    if (cell === undefined || cell.pending === 0) return;
    this.#settle(cell, { flow, ttl });
    this.#lossesAt[ttl] = (this.#lossesAt[ttl] ?? 0) + 1;
    cell.lost++;
    if (this.stateAt(flow, ttl) !== 'star') return;
    this.#starsAt[ttl] = (this.#starsAt[ttl] ?? 0) + 1;
  }

  unsent(flow: number, ttl: number): void {
    const cell = this.cellAt(flow, ttl);
    if (cell === undefined || cell.pending === 0) return;
    this.#settle(cell, { flow, ttl });
    this.#lossesAt[ttl] = (this.#lossesAt[ttl] ?? 0) + 1;
    cell.unsent++;
  }

  cellAt(flow: number, ttl: number): Cell | undefined {
    return this.#rows[flow]?.[ttl];
  }

  stateAt(flow: number, ttl: number): CellState {
    const cell = this.#rows[flow]?.[ttl];
    if (cell === undefined) return 'none';
    if (cell.answers.length > 0) return 'answered';
    if (cell.pending > 0) return 'open';
    if (cell.lost + cell.unsent === 0) return 'none';
    if (cell.unsent > 0) return cell.lost > 0 ? 'star' : 'void';
    return cell.lost >= this.#attemptsAt(ttl) ? 'star' : 'open';
  }

  /** The last TTL at which the flow has been or is being probed; 0 for none. */
  reachTtl(flow: number): number {
    const row = this.#rows[flow] ?? [];
    for (let ttl = row.length - 1; ttl > 0; ttl--) {
      if (this.stateAt(flow, ttl) !== 'none') return ttl;
    }
    return 0;
  }

  /** Whether another attempt is due: nothing is under way, and too few were lost. */
  isToRetry(flow: number, ttl: number): boolean {
    const cell = this.cellAt(flow, ttl);
    return cell !== undefined && cell.pending === 0 && this.stateAt(flow, ttl) === 'open';
  }

  /** Whether that attempt should wait for its turn: whoever answers there seems to be limited. */
  isToRetryLater(flow: number, ttl: number): boolean {
    return (this.cellAt(flow, ttl)?.lost ?? 0) >= ATTEMPTS && this.isToRetry(flow, ttl);
  }

  /** Whether what is under way is such an attempt. */
  isInTurn(flow: number, ttl: number): boolean {
    const cell = this.cellAt(flow, ttl);
    if (cell === undefined || cell.pending === 0) return false;
    return cell.lost >= ATTEMPTS && cell.answers.length === 0;
  }

  /** Whether the flow has been seen at two places there. */
  isDisputed(flow: number, ttl: number): boolean {
    const answers = this.#rows[flow]?.[ttl]?.answers ?? [];
    if (answers.length < 2) return false;
    return answers.some(({ responder }) => responder !== answers[0]?.responder);
  }

  /** Where the path of a flow ends: its target, or who refuses; Infinity where neither is known. */
  endTtl(flow: number): number {
    const row = this.#rows[flow] ?? [];
    for (let ttl = 1; ttl < row.length; ttl++) {
      const answers = row[ttl]?.answers ?? [];
      if (answers.some(isEnd)) return ttl;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Forgets all outcomes; probes that are under way still count. */
  forgetAll(): void {
    for (const row of this.#rows) {
      for (const [ttl, cell] of row.entries()) {
        if (cell === undefined) continue;
        const { ordered, pending } = cell;
        // Rounds go on counting, so that late replies to old probes are told from new ones.
        row[ttl] = { answers: [], ordered, pending, lost: 0, unsent: 0 };
      }
    }
    this.#isForgotten = true;
    this.#answersAt.length = 0;
    this.#starsAt.length = 0;
    this.#limitedAt.length = 0;
    this.#limitedEnds = 0;
    this.#endsAt.length = 0;
  }

  #attemptsAt(ttl: number): number {
    if ((this.#answersAt[ttl] ?? 0) > 0) {
      const isPatient = this.#isLimited(ttl) && this.#patience > 0;
      return isPatient ? ATTEMPTS_AT_A_LIMIT : ATTEMPTS;
    }
    return (this.#starsAt[ttl] ?? 0) >= STARS_OF_A_SILENT_HOP ? 1 : ATTEMPTS_IN_SILENCE;
  }

  #isLimited(ttl: number): boolean {
    if ((this.#limitedAt[ttl] ?? 0) >= LIMITED_FROM) return true;
    return this.#limitedEnds >= LIMITED_FROM && (this.#endsAt[ttl] ?? 0) > 0;
  }

  #settle(cell: Cell, { flow, ttl }: Pick<CellChange, 'flow' | 'ttl'>): void {
    this.#changes.push({ flow, ttl, pending: -1 });
    cell.pending--;
    this.#pending--;
  }

  /**
   * The TTL that was enough for an end to answer, as its quote tells: where the end limits its
   * answers, it may have left nearer probes of the flow without one.
   */
  #enoughTtl({ flow, ttl, quotedTtl, ...reply }: ProbeReply): number {
    if (!isEnd(reply)) return ttl;
    const least = Math.max(1, ttl - Math.max(0, quotedTtl - 1));
    let enough = ttl;
    while (enough > least && this.cellAt(flow, enough - 1)?.answers.length === 0) enough--;
    return enough;
  }

  #note(cell: Cell, reply: ProbeReply, ttl: number): void {
    cell.answers = [...cell.answers, reply];
    this.#answersAt[ttl] = (this.#answersAt[ttl] ?? 0) + 1;
    if (isEnd(reply)) this.#endsAt[ttl] = (this.#endsAt[ttl] ?? 0) + 1;
  }
}

/** Whether a reply ends the path of its flow. */
export function isEnd({ isTarget, kind }: Pick<ProbeReply, 'isTarget' | 'kind'>): boolean {
  return isTarget || kind === 'unreachable';
}
