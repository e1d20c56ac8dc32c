/** Asks interfaces of a finished search a few times more, to tell which of them are one router. */

import {
  type AliasCandidate,
  type AliasFindings,
  AliasSearch,
} from '../algorithms/aliases/alias-search.ts';
import type { Place } from '../algorithms/multipath/places.ts';
import { parseIpAddress } from '../lib/ip-address.ts';
import type { AddressBook } from '../model/address-book.ts';
import type { PathsAliases } from '../model/paths-record.ts';
import type { ProbeReply, ProbeSink } from '../model/probe.ts';
import type { FlowRequest, ProbeEngine } from '../probing/probe-engine.ts';
import type { StationTask } from './station-loop.ts';

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
}

/** A TTL that reaches whoever is asked itself. */
const DIRECT_TTL = 64;
const UNREACHABLE = { v4: { type: 3, code: 3 }, v6: { type: 1, code: 4 } } as const;

/** The task, for a station to run. */
export class AliasTask implements StationTask {
  readonly #parts: AliasParts;
  readonly #search: AliasSearch;
  readonly #engineFlows: number[] = [];
  #probesSent = 0;
  #directPending = 0;

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
    this.#search.advance(nowUs);
  }

  deadlineUs(): number {
    return this.#search.deadlineUs();
  }

  abort(): void {
    this.#search.abort();
    this.#directPending = 0;
  }

  release(nowUs: number): void {
    for (const flow of this.#engineFlows) this.#parts.engine.releaseFlow(flow, nowUs);
  }

  /** What came of it, in the words of the record. */
  record(): PathsAliases {
    return aliasesRecord(this.#search.findings(), {
      addresses: this.#parts.addresses,
      probesSent: this.#probesSent,
    });
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
        this.#probesSent++;
        sent();
        touch();
      },
      replied: (reply) => {
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
  const { v4, v6 } = UNREACHABLE;
  if (kind !== 'unreachable' || details === undefined) return false;
  return [v4, v6].some((each) => each.type === details.icmpType && each.code === code);
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
  { addresses, probesSent }: { readonly addresses: AddressBook; readonly probesSent: number },
): PathsAliases {
  const text = (index: number): string => addresses.textOf(index);
  const texts = ([a, b]: readonly [number, number]): [string, string] => [text(a), text(b)];
  return {
    probesSent,
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
