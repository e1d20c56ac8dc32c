/**
 * What scamper measured, as its JSON names it, turned into probes. Its warts files hold the same,
 * and are read into these shapes as well.
 */

import { printable } from '../../lib/printable.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import { icmpReplyKind, tcpReplyKind } from './reply-kinds.ts';
import { hostAt } from './seen-host.ts';
import { type SeenAnswer, type SeenProbe, type SeenTrace, TraceFileError } from './seen-traces.ts';

export interface ScamperTime {
  readonly sec: number;
  readonly usec: number;
}

/** One reply of a trace. */
export interface ScamperHop {
  readonly addr: string;
  readonly name?: string;
  readonly probe_ttl: number;
  /** Which attempt it answers, from 1 on. */
  readonly probe_id: number;
  readonly tx?: ScamperTime;
  /** Milliseconds. */
  readonly rtt: number;
  readonly reply_ttl?: number;
  readonly icmp_type?: number;
  readonly icmp_code?: number;
  readonly tcp_flags?: number;
  readonly icmpext?: readonly ScamperExtension[];
}

/** An object of RFC 4884, with the MPLS labels that it may hold. */
export interface ScamperExtension {
  readonly mpls_labels?: readonly {
    readonly mpls_ttl: number;
    readonly mpls_s: number;
    readonly mpls_exp: number;
    readonly mpls_label: number;
  }[];
}

interface ScamperTask {
  readonly method: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly start?: ScamperTime;
  readonly tos?: number;
  readonly probe_size?: number;
  readonly firsthop?: number;
  readonly attempts?: number;
}

export interface ScamperTrace extends ScamperTask {
  readonly type: 'trace';
  readonly icmp_sum?: number;
  readonly hop_count?: number;
  readonly probe_count?: number;
  readonly hops?: readonly ScamperHop[];
}

export interface ScamperProbe {
  readonly tx?: ScamperTime;
  readonly ttl: number;
  readonly flowid: number;
  readonly replies: readonly ScamperReply[];
}

export interface ScamperReply {
  readonly rtt: number;
  /** TTL left in it. */
  readonly ttl?: number;
  readonly icmp_type?: number;
  readonly icmp_code?: number;
  readonly tcp_flags?: number;
}

export interface ScamperTracelb extends ScamperTask {
  readonly type: 'tracelb';
  readonly nodes?: readonly {
    readonly addr: string;
    readonly links: readonly (readonly {
      readonly addr: string;
      readonly probes?: readonly ScamperProbe[];
    }[])[];
  }[];
}

/** Without a trace's own word. */
const ATTEMPTS = 2;
/** More is not what scamper sends in one trace. */
const ATTEMPTS_MAX = 255;
const NOBODY = '*';

/** The probes of a trace: one flow, unless its method sends each as another. */
export function tracesOfTrace(trace: ScamperTrace): SeenTrace[] {
  const { hops = [], firsthop = 1, hop_count = 0, icmp_sum } = trace;
  const isNumberedFrom0 = hops.some(({ probe_id }) => probe_id === 0);
  const attempt = ({ probe_id }: ScamperHop): number => probe_id + Number(isNumberedFrom0);
  const last = hops.reduce((most, { probe_ttl }) => Math.max(most, probe_ttl), hop_count);
  const sent = attemptsOf(trace, attempt, last);
  const clock = new ProbeClock(trace.start);
  const probes: SeenProbe[] = [];
  for (let ttl = Math.max(1, firsthop); ttl <= last; ttl++) {
    const answers = new Map(
      hops.filter((hop) => hop.probe_ttl === ttl).map((hop) => [attempt(hop), hop] as const),
    );
    for (let i = 1; i <= sent(ttl); i++) {
      const hop = answers.get(i);
      probes.push({ ttl, sentAtUs: clock.at(hop?.tx), answer: hop && answerOf(hop) });
    }
  }
  if (probes.length === 0) return [];
  const { sport = icmp_sum ?? 0, dport = 0, method } = trace;
  const isClassic = method === 'udp' || method === 'icmp-echo';
  return [
    {
      ...endsOf(trace),
      flow: isClassic ? method : `${sport} ${dport}`,
      sourcePort: sport,
      isMixed: isClassic,
      areLossesTold: true,
      isRepeatable: !isClassic && trace.sport !== undefined,
      probes,
    },
  ];
}

/**
 * How often each TTL was asked. Answers tell at least their own attempt; where a TTL was asked on
 * after an answer, as often as the count of all probes says of each.
 */
function attemptsOf(
  { hops = [], attempts = ATTEMPTS, probe_count = 0, firsthop = 1 }: ScamperTrace,
  attempt: (hop: ScamperHop) => number,
  last: number,
): (ttl: number) => number {
  const most = new Map<number, number>();
  let isOnward = false;
  for (const hop of hops) {
    const known = most.get(hop.probe_ttl) ?? 0;
    isOnward ||= known > 0;
    most.set(hop.probe_ttl, Math.max(known, Math.min(ATTEMPTS_MAX, attempt(hop))));
  }
  const each = Math.floor(probe_count / Math.max(1, last - firsthop + 1));
  const evenly = isOnward ? Math.min(ATTEMPTS_MAX, each) : 0;
  return (ttl) => Math.max(most.get(ttl) ?? Math.min(ATTEMPTS_MAX, attempts), evenly);
}

/** The probes of a tracelb, flow by flow. What answered at its first hop is not in the file. */
export function tracesOfTracelb(task: ScamperTracelb): SeenTrace[] {
  const flows = new Map<number, SeenProbe[]>();
  const clock = new ProbeClock(task.start);
  for (const { links } of task.nodes ?? []) {
    for (const { addr, probes = [] } of links.flat()) {
      for (const { ttl, flowid, tx, replies } of probes) {
        const known = flows.get(flowid) ?? [];
        flows.set(flowid, known);
        const [reply] = addr === NOBODY ? [] : replies;
        known.push({
          ttl: Math.max(1, ttl),
          sentAtUs: clock.at(tx),
          answer: reply && answerOf({ ...reply, addr, reply_ttl: reply.ttl ?? 0 }),
        });
      }
    }
  }
  const isByPort = task.method.endsWith('-sport');
  return [...flows].map(([flowid, probes]) => ({
    ...endsOf(task),
    flow: `${flowid}`,
    sourcePort: flowid,
    isMixed: false,
    areLossesTold: false,
    isRepeatable: isByPort,
    probes: probes.sort((a, b) => a.sentAtUs - b.sentAtUs),
  }));
}

type Ends = Pick<SeenTrace, 'source' | 'target' | 'protocol' | 'tos' | 'packetBytes'>;

function endsOf({ src, dst, dport, method, tos = 0, probe_size = 0 }: ScamperTask): Ends {
  const protocol = protocolOf(method);
  return {
    source: hostAt(src),
    target: { ...hostAt(dst), port: protocol === 'icmp' || dport === 0 ? null : (dport ?? null) },
    protocol,
    tos,
    packetBytes: probe_size,
  };
}

function protocolOf(method: string): IsolateProtocol {
  const [protocol = ''] = method.split('-');
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 'icmp') return protocol;
  throw new TraceFileError(
    `it is damaged: method must be one of scamper, not ${printable(method)}`,
  );
}

function answerOf(hop: Pick<ScamperHop, 'addr' | 'rtt'> & Partial<ScamperHop>): SeenAnswer {
  const { addr, name, rtt, reply_ttl = 0, icmp_type, icmp_code = 0, tcp_flags } = hop;
  const from = hostAt(addr, name);
  const family = from.address?.includes(':') ? 6 : 4;
  const kind =
    tcp_flags !== undefined
      ? tcpReplyKind(tcp_flags)
      : icmp_type === undefined
        ? 'datagram'
        : icmpReplyKind({ family, type: icmp_type });
  return {
    from,
    kind,
    code: icmp_code,
    rttUs: Math.max(0, Math.round(1000 * rtt)),
    replyTtl: reply_ttl,
    mpls: (hop.icmpext ?? []).flatMap(({ mpls_labels = [] }) =>
      mpls_labels.map(
        ({ mpls_label, mpls_exp, mpls_s, mpls_ttl }) =>
          ((mpls_label << 12) | (mpls_exp << 9) | (mpls_s << 8) | mpls_ttl) >>> 0,
      ),
    ),
  };
}

/** When probes were sent: of those of which nobody noted it, right after the one before. */
class ProbeClock {
  #latestUs: number;

  constructor(start: ScamperTime | undefined) {
    this.#latestUs = start === undefined ? 0 : microseconds(start);
  }

  at(tx: ScamperTime | undefined): number {
    this.#latestUs = tx === undefined ? this.#latestUs + 1 : microseconds(tx);
    return this.#latestUs;
  }
}

function microseconds({ sec, usec }: ScamperTime): number {
  return sec * 1_000_000 + usec;
}
