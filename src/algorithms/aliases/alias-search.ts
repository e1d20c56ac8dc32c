/**
 * Finds out which interfaces of a graph are one router, without input or output of its own: it asks
 * each a few times more, in turn with all others of its hop, so that their identifications lie
 * between each other's, and compares them two by two. Those whose identifications tell nothing are
 * then tried for a common limit of ICMP errors.
 */

import type { ProbeReply } from '../../model/probe.ts';
import { type AliasGroup, aliasGroups, type PairEvidence, posterior } from './alias-groups.ts';
import { IcmpLimitSearch } from './icmp-limit-search.ts';
import { compareIds, type IdSample, type Unusable, unusableIds } from './ip-id-test.ts';

/** An interface, and a probe that it answers. */
export interface AliasCandidate {
  /** Index of its address. */
  readonly address: number;
  readonly ttl: number;
  /** A flow that passes it. */
  readonly flow: number;
}

export interface AliasFindings {
  readonly groups: readonly AliasGroup[];
  /** Pairs of one hop that are known to be two routers. */
  readonly apart: readonly (readonly [number, number])[];
  /** Interfaces whose replies tell nothing, and why. */
  readonly untestable: readonly { readonly address: number; readonly why: Unusable }[];
}

interface Untestable {
  readonly index: number;
  readonly address: number;
  readonly why: Unusable;
}

/** Probes of each interface. */
const ROUNDS = 12;
/** A router that answers for another of its addresses, where nothing has translated the reply. */
const REPLY_SOURCE_PROBABILITY = 0.99;

/** One search. */
export class AliasSearch {
  readonly #candidates: readonly AliasCandidate[];
  readonly #order: (candidate: number, round: number) => void;
  readonly #samples: IdSample[][];
  readonly #sources: PairEvidence[] = [];
  #limits: IcmpLimitSearch | undefined;
  #pending = 0;
  #rounds = 0;
  #isAborted = false;

  /** @param order takes a probe of a candidate: its index, and a round from 0 on */
  constructor(
    candidates: readonly AliasCandidate[],
    order: (candidate: number, round: number) => void,
  ) {
    this.#candidates = candidates;
    this.#order = order;
    this.#samples = candidates.map(() => []);
  }

  get isOver(): boolean {
    return this.#isAborted || this.#limits?.isOver === true;
  }

  /** Asks all once more when all have answered; to be called again at `deadlineUs`, too. */
  advance(nowUs: number): void {
    if (this.#pending > 0 || this.isOver) return;
    if (this.#rounds === ROUNDS) {
      this.#limits ??= this.#startLimits();
      this.#limits.advance(nowUs);
      return;
    }
    for (const index of this.#candidates.keys()) {
      this.#pending++;
      this.#order(index, this.#rounds);
    }
    this.#rounds++;
  }

  /** When it has something to do, whatever comes. */
  deadlineUs(): number {
    return this.isOver
      ? Number.POSITIVE_INFINITY
      : (this.#limits?.deadlineUs() ?? Number.POSITIVE_INFINITY);
  }

  /** No more time or probes: what is known by now is all. */
  abort(): void {
    this.#isAborted = true;
  }

  sent(candidate: number): void {
    this.#limits?.sent(candidate);
  }

  replied(candidate: number, { responder, rttUs, details }: ProbeReply): void {
    if (this.#limits !== undefined) {
      const isAnswered = responder === this.#candidates[candidate]?.address;
      this.#limits.settled(candidate, { isAnswered });
      return;
    }
    this.#pending--;
    if (responder !== this.#candidates[candidate]?.address || details === undefined) return;
    const atUs = details.sentAtUs + rttUs / 2;
    this.#samples[candidate]?.push({ atUs, id: details.replyIdentification });
  }

  /** Without an answer. */
  lost(candidate: number): void {
    if (this.#limits === undefined) this.#pending--;
    else this.#limits.settled(candidate, { isAnswered: false });
  }

  /** A probe that was sent to an interface itself was answered by another address. */
  answeredFor(address: number, responder: number): void {
    if (address === responder) return;
    const pair = [address, responder] as const;
    this.#sources.push({ pair, kind: 'reply-source', probability: REPLY_SOURCE_PROBABILITY });
  }

  findings(): AliasFindings {
    const [usable, silent] = this.#byUse();
    const apart: (readonly [number, number])[] = [];
    const evidence: PairEvidence[] = [...this.#sources, ...(this.#limits?.evidence ?? [])];
    for (const [i, first] of usable.entries()) {
      for (const second of usable.slice(i + 1)) {
        this.#compare(first, second, { apart, evidence });
      }
    }
    const keys = new Set(apart.map((pair) => keyOf(...pair)));
    const groups = aliasGroups(evidence, (a, b) => keys.has(keyOf(a, b)));
    const joined = new Set(groups.flatMap(({ members }) => members));
    const untestable = silent.filter(({ address }) => !joined.has(address));
    return { groups, apart, untestable };
  }

  /** Indexes of those whose identifications can be compared, and all others. */
  #byUse(): readonly [usable: readonly number[], untestable: readonly Untestable[]] {
    const usable: number[] = [];
    const untestable: Untestable[] = [];
    for (const [index, { address }] of this.#candidates.entries()) {
      const why = unusableIds(this.#samples[index] ?? []);
      if (why === undefined) usable.push(index);
      else untestable.push({ index, address, why });
    }
    return [usable, untestable];
  }

  #startLimits(): IcmpLimitSearch {
    const [, untestable] = this.#byUse();
    const rounds = this.#candidates.map(() => ROUNDS);
    const candidates = untestable.map(({ index, address }) => {
      return { candidate: index, address, ttl: this.#candidates[index]?.ttl ?? 0 };
    });
    return new IcmpLimitSearch(candidates, (candidate) => {
      const round = rounds[candidate] ?? 0;
      rounds[candidate] = round + 1;
      this.#order(candidate, round);
    });
  }

  #compare(
    first: number,
    second: number,
    found: { readonly apart: (readonly [number, number])[]; readonly evidence: PairEvidence[] },
  ): void {
    const [a, b] = [this.#candidates[first], this.#candidates[second]];
    if (a === undefined || b === undefined || a.ttl !== b.ttl || a.address === b.address) return;
    const verdict = compareIds(this.#samples[first] ?? [], this.#samples[second] ?? []);
    const pair = [a.address, b.address] as const;
    if (verdict.kind === 'apart') found.apart.push(pair);
    if (verdict.kind !== 'shared') return;
    found.evidence.push({ pair, kind: 'ip-id', probability: posterior(verdict.chance) });
  }
}

function keyOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
