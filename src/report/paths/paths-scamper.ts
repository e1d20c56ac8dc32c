/**
 * `--format scamper`: a line of JSON as `scamper -O json` writes for its `tracelb`, between a
 * cycle-start and a cycle-stop line. Nodes without a link are left out, as there; the count of
 * nodes includes them.
 */

import type { PathsPlace, PathsRecord, PathsReply } from '../../model/paths-record.ts';

/** Three lines, each ending in a newline; `hostname` is that of the cycle. */
export function formatScamperPaths(
  record: PathsRecord,
  replies: readonly PathsReply[],
  hostname: string = record.source,
): string {
  const start = Math.floor(Date.parse(record.startedAt) / 1000);
  const stop = Math.ceil(start + record.durationMs / 1000);
  const cycle = { list_name: 'default', id: 0 };
  const lines = [
    { type: 'cycle-start', ...cycle, hostname, start_time: start },
    tracelbOf(record, replies),
    { type: 'cycle-stop', ...cycle, hostname, stop_time: stop },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

const METHODS = { udp: 'udp', tcp: 'tcp', icmp: 'icmp-echo' } as const;
const PROBE_BYTES = { udp: 8, tcp: 20, icmp: 8 } as const;
/** Tries before a flow has a star, where others are answered. */
const ATTEMPTS = 3;
const NOBODY = { addr: '*' };

function tracelbOf(record: PathsRecord, replies: readonly PathsReply[]): object {
  const { protocol, family, flowField, hops } = record;
  const index = new LinkIndex(record, replies);
  const nodes = hops.flatMap(({ places }) =>
    places.flatMap((place) => (place.kind === 'interface' ? nodeOf(place, index) : [])),
  );
  const startUs = Date.parse(record.startedAt) * 1000;
  const varied = flowField === 'destination-port' ? 'dport' : 'sport';
  const [first] = record.flows;
  const ports =
    protocol === 'icmp' ? {} : { sport: first?.sourcePort ?? 0, dport: record.target.port };
  const interfaces = hops.flatMap(({ places }) =>
    places.filter(({ kind }) => kind === 'interface').map(({ addresses }) => addresses[0]?.address),
  );
  return {
    type: 'tracelb',
    version: '0.1',
    userid: 0,
    method: protocol === 'icmp' ? METHODS.icmp : `${METHODS[protocol]}-${varied}`,
    src: record.source,
    dst: record.target.address,
    ...ports,
    start: { ...timeOf(startUs), ftime: record.startedAt.replace('T', ' ').slice(0, 19) },
    probe_size: (family === 4 ? 20 : 40) + PROBE_BYTES[protocol] + record.payloadBytes,
    firsthop: 1,
    attempts: ATTEMPTS,
    confidence: Math.round(100 * record.confidence),
    tos: record.tos,
    gaplimit: record.gapLimit,
    wait_timeout: 5,
    wait_probe: 0,
    probec: record.probesSent,
    // Readers take it for the limit that ended the search, if as many were sent.
    probec_max: record.stopReason === 'complete' ? record.maxProbes : record.probesSent,
    nodec: new Set(interfaces).size,
    linkc: record.links.filter(({ near, far, ttl }) => ttl > 1 && near && far).length,
    ...(nodes.length === 0 ? {} : { nodes }),
  };
}

function nodeOf(place: PathsPlace, index: LinkIndex): object[] {
  const next = index.behind(place);
  if (next.length === 0) return [];
  const [address] = place.addresses;
  const isResolved = next.every(({ kind }) => kind === 'interface');
  const links = isResolved ? [next.map((far) => index.linkTo(far, place))] : index.sequence(place);
  return [
    {
      addr: address?.address ?? '*',
      ...(address?.name === null || address === undefined ? {} : { name: address.name }),
      q_ttl: 1,
      linkc: isResolved ? next.length : 1,
      links,
    },
  ];
}

class LinkIndex {
  readonly #record: PathsRecord;
  readonly #places: ReadonlyMap<string, PathsPlace>;
  readonly #byPlace = new Map<string, PathsReply[]>();

  constructor(record: PathsRecord, replies: readonly PathsReply[]) {
    this.#record = record;
    const places = record.hops.flatMap((hop) => hop.places);
    this.#places = new Map(places.map((place) => [place.id, place]));
    for (const reply of replies) {
      const key = `${reply.ttl} ${reply.address}`;
      this.#byPlace.set(key, [...(this.#byPlace.get(key) ?? []), reply]);
    }
  }

  behind({ id }: PathsPlace): PathsPlace[] {
    return this.#record.links.flatMap(({ from, to }) =>
      from === id ? (this.#places.get(to) ?? []) : [],
    );
  }

  /** One link, with the probes that showed it. */
  linkTo(far: PathsPlace, near: PathsPlace | undefined): object {
    const address = far.addresses[0]?.address ?? '*';
    const probes = (this.#byPlace.get(`${far.ttl} ${address}`) ?? []).filter(
      ({ flow, ttl }) => near === undefined || this.#pathOf(flow)[ttl - 2] === near.id,
    );
    return { addr: address, probes: probes.map((reply) => this.#probeOf(reply)) };
  }

  /** Hop after hop behind a place whose branches cannot be told apart, until they have met. */
  sequence(place: PathsPlace): object[][] {
    const hops: object[][] = [];
    let here: readonly PathsPlace[] = [place];
    for (;;) {
      const behind = here.flatMap((each) => this.behind(each));
      const next = [...new Map(behind.map((each) => [each.id, each])).values()];
      if (next.length === 0) return hops;
      hops.push(
        next.flatMap((far) =>
          far.kind === 'silent'
            ? [NOBODY]
            : far.addresses.map((each) => this.linkTo({ ...far, addresses: [each] }, undefined)),
        ),
      );
      const [only] = next;
      if (next.length === 1 && only?.kind === 'interface') return hops;
      here = next;
    }
  }

  #pathOf(flow: number): readonly (string | null)[] {
    return this.#record.flows.find((each) => each.flow === flow)?.path ?? [];
  }

  #probeOf(reply: PathsReply): object {
    const flow = this.#record.flows.find((each) => each.flow === reply.flow);
    const fields = {
      'source-port': flow?.sourcePort,
      'destination-port': flow?.destinationPort,
      checksum: flow?.checksum,
      'flow-label': flow?.flowLabel,
    };
    return {
      tx: timeOf(reply.sentAtUs),
      replyc: 1,
      ttl: reply.ttl,
      attempt: reply.attempt,
      flowid: fields[this.#record.flowField] ?? 0,
      replies: [
        {
          rx: timeOf(reply.sentAtUs + reply.rttMs * 1000),
          ttl: reply.replyTtl,
          rtt: Math.round(reply.rttMs * 1000) / 1000,
          ...(this.#record.family === 4 ? { ipid: reply.replyId } : {}),
          ...kindOf(reply),
        },
      ],
    };
  }
}

/** What kind of packet a reply is; the quoted TTL only with errors. */
function kindOf({ icmp, tcpFlags, quotedTtl, quotedTos }: PathsReply): object {
  if (icmp === null) return tcpFlags === null ? {} : { tcp_flags: tcpFlags };
  return {
    icmp_type: icmp.type,
    icmp_code: icmp.code,
    icmp_q_tos: quotedTos ?? 0,
    ...(quotedTtl === null ? {} : { icmp_q_ttl: quotedTtl }),
  };
}

function timeOf(us: number): { readonly sec: number; readonly usec: number } {
  const whole = Math.round(us);
  return { sec: Math.floor(whole / 1e6), usec: whole % 1e6 };
}
