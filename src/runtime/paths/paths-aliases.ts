/** Asks interfaces of a finished search a few times more, to tell which of them are one router. */

import {
  type AliasCandidate,
  type AliasFindings,
  AliasSearch,
} from '../../algorithms/aliases/alias-search.ts';
import type { Place } from '../../algorithms/multipath/places.ts';
import { parseIpAddress } from '../../lib/ip-address.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { PathsAliases } from '../../model/paths-record.ts';
import type { ProbeReply, ProbeSink } from '../../model/probe.ts';
import type { FlowRequest, ProbeEngine } from '../../probing/probe-engine.ts';
import { ICMP_DIALECTS } from '../../wire/families.ts';
import type { StationTask } from '../links/station-loop.ts';

/** What a run of it is made of. */
export interface AliasParts {
  readonly engine: ProbeEngine;
  readonly addresses: AddressBook;
  /** Of the graph. */
  readonly places: readonly Place[];
  /** The flows of the search. */
  readonly flows: readonly FlowRequest[];
  /** Whether interfaces may be asked themselves: simulated ones have no way for that. */
  readonly asksDirectly: boolean;
  /** What the search has left: in the time of the station, and in probes. */
  readonly endsAtUs: number;
  readonly probesMax: number;
  /** Hears of every turn in which something happened. */
  readonly progress?: (counts: AliasCounts) => void;
}

export interface AliasCounts {
  readonly probesSent: number;
  readonly repliesReceived: number;
}

/** A TTL that reaches whoever is asked itself. */
const DIRECT_TTL = 64;

/** The task, for a station to run. */
export class AliasTask implements StationTask {
  readonly #parts: AliasParts;
  readonly #search: AliasSearch;
  readonly #engineFlows: number[] = [];
  readonly #counts = { probesSent: 0, repliesReceived: 0 };
  #directPending = 0;
  #stopReason: PathsAliases['stopReason'] = 'complete';

  /** @param touch is called when something has happened */
  constructor(parts: AliasParts, touch: () => void) {
    this.#parts = parts;
    const { engine, flows } = parts;
    const candidates = candidatesIn(parts.places);
    const numbers = candidates.map(({ flow }, index) => {
      const sink = this.#sinkOf(touch, {
        sent: () => this.#search.sent(index),
        replied: (reply) => this.#search.replied(index, reply),
        lost: () => this.#search.lost(index),
      });
      return this.#addFlow(flows[flow], sink);
    });
    const order = (candidate: number, round: number): void => {
      engine.order(numbers[candidate] ?? 0, candidates[candidate]?.ttl ?? 1, round);
    };
    this.#search = new AliasSearch(candidates, order);
    if (parts.asksDirectly) for (const candidate of candidates) this.#askDirectly(candidate, touch);
  }

  get isOver(): boolean {
    return this.#search.isOver && this.#directPending <= 0;
  }

  advance(nowUs: number): void {
    const { endsAtUs, probesMax, progress } = this.#parts;
    progress?.(this.#counts);
    if (nowUs >= endsAtUs) this.#stop('max-time');
    else if (this.#counts.probesSent >= probesMax) this.#stop('max-probes');
    else this.#search.advance(nowUs);
  }

  deadlineUs(): number {
    return Math.min(this.#search.deadlineUs(), this.#parts.endsAtUs);
  }

  abort(): void {
    this.#stop('aborted');
  }

  release(nowUs: number): void {
    for (const flow of this.#engineFlows) this.#parts.engine.releaseFlow(flow, nowUs);
  }

  /** What came of it, in the words of the record. */
  record(): PathsAliases {
    return aliasesRecord(this.#search.findings(), {
      addresses: this.#parts.addresses,
      probesSent: this.#counts.probesSent,
      stopReason: this.#stopReason,
    });
  }

  #stop(why: PathsAliases['stopReason']): void {
    if (this.isOver) return;
    this.#search.abort();
    this.#directPending = 0;
    this.#stopReason = why;
  }

  /** By UDP to a port where nobody listens: a router may answer by another of its addresses. */
  #askDirectly({ address, flow }: AliasCandidate, touch: () => void): void {
    const { addresses, engine, flows } = this.#parts;
    const destination = parseIpAddress(addresses.textOf(address));
    const request = flows[flow];
    if (destination === undefined || request === undefined) return;
    this.#directPending++;
    const isOver = (): void => {
      this.#directPending--;
    };
    const sink = this.#sinkOf(touch, {
      sent: () => {},
      replied: (reply) => {
        isOver();
        if (isPortUnreachable(reply)) this.#search.answeredFor(address, reply.responder);
      },
      lost: isOver,
    });
    engine.order(this.#addFlow({ ...request, destination, protocol: 'udp' }, sink), DIRECT_TTL, 0);
  }

  #addFlow(request: FlowRequest | undefined, sink: ProbeSink): number {
    if (request === undefined) throw new RangeError('a place has no flow');
    const flow = this.#parts.engine.addFlow(request, sink);
    this.#engineFlows.push(flow);
    return flow;
  }

  #sinkOf(touch: () => void, { sent, replied, lost }: Outcomes): ProbeSink {
    return {
      sent: () => {
        this.#counts.probesSent++;
        sent();
        touch();
      },
      replied: (reply) => {
        this.#counts.repliesReceived++;
        replied(reply);
        touch();
      },
      repliedLate: () => {},
      lost: () => {
        lost();
        touch();
      },
      unsent: () => {
        lost();
        touch();
      },
    };
  }
}

interface Outcomes {
  sent(): void;
  replied(reply: ProbeReply): void;
  /** Or not sent. */
  lost(): void;
}

function isPortUnreachable({ kind, code, details }: ProbeReply): boolean {
  if (kind !== 'unreachable' || details === undefined) return false;
  return Object.values(ICMP_DIALECTS).some(
    ({ unreachable, portUnreachableCode }) =>
      unreachable === details.icmpType && portUnreachableCode === code,
  );
}

/** Interfaces of hops that have several, each with a flow that passes it. */
function candidatesIn(places: readonly Place[]): AliasCandidate[] {
  const routers = places.filter(
    ({ kind, end, flows }) => kind === 'interface' && end !== 'target' && flows.length > 0,
  );
  const widths = new Map<number, number>();
  for (const { ttl } of routers) widths.set(ttl, 1 + (widths.get(ttl) ?? 0));
  return routers.flatMap(({ ttl, members: [address], flows: [flow] }) =>
    address === undefined || flow === undefined || (widths.get(ttl) ?? 0) < 2
      ? []
      : [{ address, ttl, flow }],
  );
}

function aliasesRecord(
  { groups, apart, untestable }: AliasFindings,
  {
    addresses,
    ...course
  }: { readonly addresses: AddressBook } & Pick<PathsAliases, 'probesSent' | 'stopReason'>,
): PathsAliases {
  const text = (index: number): string => addresses.textOf(index);
  const texts = ([a, b]: readonly [number, number]): [string, string] => [text(a), text(b)];
  return {
    ...course,
    routers: groups.map(({ members, probability, evidence }) => ({
      addresses: members.map(text),
      probability,
      evidence: evidence.map(({ pair, kind, probability: own }) => ({
        between: texts(pair),
        kind,
        probability: own,
      })),
    })),
    pairsApart: apart.length,
    untestable: untestable.map(({ address, why }) => ({ address: text(address), why })),
  };
}
