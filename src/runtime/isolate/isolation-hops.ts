/** The hops and links of a record: what the counts of all flows say of each interface. */

import type { Isolation } from '../../algorithms/isolation/isolation.ts';
import type { ClumpMember } from '../../algorithms/isolation/measured-paths.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { HopInterface, IsolateRecord } from '../../model/isolate-record.ts';
import { STAR } from '../../model/path-counts.ts';

/** What was seen in a run. */
export interface SeenRun {
  readonly isolation: Isolation;
  readonly addresses: AddressBook;
  /** MPLS label stacks by address index. */
  readonly labels: ReadonlyMap<number, readonly number[]>;
}

/** Who answered at each TTL, and how often. */
export function hopsOf(run: SeenRun): IsolateRecord['hops'] {
  const { counts, clumps, flowOf } = run.isolation.table.measured();
  const depth = Math.max(0, ...counts.flows.map(({ responders }) => responders.length));
  return Array.from({ length: depth }, (_, hop) => {
    const interfaces = new Map<number, { flows: Set<number>; sent: number; received: number }>();
    for (const [index, { responders, sent, received }] of counts.flows.entries()) {
      const responder = responders[hop] ?? STAR;
      if (responder === STAR) continue;
      const known = interfaces.get(responder) ?? { flows: new Set(), sent: 0, received: 0 };
      interfaces.set(responder, known);
      known.flows.add(flowOf[index] ?? index);
      known.sent += sent[hop] ?? 0;
      known.received += received[hop] ?? 0;
    }
    return {
      ttl: counts.minTtl + hop,
      interfaces: [...interfaces].flatMap(([responder, { flows, sent, received }]) => {
        const totals = { flows: flows.size, sent, received };
        const members = clumps.get(responder) ?? [{ address: responder, replies: 1 }];
        return members.map((member) => interfaceOf(member, { members, totals }, run));
      }),
    };
  });
}

/** One interface of a hop; of several that stand under one name, its share of their probes. */
function interfaceOf(
  { address, replies }: ClumpMember,
  {
    members,
    totals: { flows, sent, received },
  }: {
    readonly members: readonly ClumpMember[];
    readonly totals: Pick<HopInterface, 'flows' | 'sent' | 'received'>;
  },
  { addresses, labels }: SeenRun,
): HopInterface {
  const share =
    replies /
    Math.max(
      1,
      members.reduce((sum, member) => sum + member.replies, 0),
    );
  return {
    address: addresses.textOf(address),
    name: null,
    as: null,
    flows,
    sent: Math.round(sent * share),
    received: Math.round(received * share),
    mpls: labels.get(address) ?? [],
  };
}

/** Interfaces that answered at TTLs next to each other on some flow. */
export function linksOf({ addresses, isolation }: SeenRun): IsolateRecord['links'] {
  const { counts, flowOf } = isolation.table.measured();
  const links = new Map<
    string,
    { near: string; far: string; ttl: number; crossing: Set<number> }
  >();
  for (const [index, { responders }] of counts.flows.entries()) {
    for (let hop = 1; hop < responders.length; hop++) {
      const near = addressOrNull(addresses, responders[hop - 1] ?? STAR);
      const far = addressOrNull(addresses, responders[hop] ?? STAR);
      if (near === null || far === null) continue;
      const ttl = counts.minTtl + hop;
      const key = `${ttl} ${near} ${far}`;
      const link = links.get(key) ?? { near, far, ttl, crossing: new Set<number>() };
      links.set(key, link);
      link.crossing.add(flowOf[index] ?? index);
    }
  }
  return [...links.values()]
    .map(({ crossing, ...link }) => ({ ...link, flows: crossing.size }))
    .sort((a, b) => a.ttl - b.ttl);
}

/** The address of who answered, as text; null where nobody did. */
export function addressOrNull(addresses: AddressBook, responder: number): string | null {
  return responder === STAR ? null : addresses.textOf(responder);
}
