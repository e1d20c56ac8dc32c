/** A trace as text: the answer in one sentence, then a line for each hop, as traceroute has it. */

import { counted } from '../../lib/counted.ts';
import { asOriginText } from '../../model/as-origin.ts';
import { namedAddress } from '../../model/named-address.ts';
import {
  isReply,
  type TraceHopRecord,
  type TraceRecord,
  type TraceReply,
} from '../../model/trace-record.ts';
import { type Paint, plainPaint } from '../paint.ts';
import type { TraceFormatContext } from './trace-format-context.ts';

const PROTOCOLS = {
  tcp: 'TCP',
  'tcp-ack': 'TCP ACK',
  udp: 'UDP',
  'udp-classic': 'UDP',
  icmp: 'ICMP echo',
} as const;

/** The whole report, ending in a newline. */
export function formatTraceText(
  record: TraceRecord,
  _count: number,
  { paint = plainPaint }: Pick<TraceFormatContext, 'paint'>,
): string {
  const lines = [
    paint.strong(traceSummary(record)),
    '',
    ...record.hops.map((hop) => hopLine(hop, record.tos, paint)),
    ...noteLines(record),
  ];
  return `${lines.join('\n')}\n`;
}

/** What came of the trace, in one sentence. */
export function traceSummary(record: TraceRecord): string {
  const { target, hops } = record;
  const name = namedAddress(target.name, target.address);
  const by = target.port === null ? '' : ` port ${target.port}`;
  const probed = `${PROTOCOLS[record.protocol]}${by}`;
  const last = hops.at(-1);
  const answers = last?.replies.filter(isReply) ?? [];
  const lastRouter = hops.findLast(({ replies }) => replies.some(isReply));
  const heard =
    lastRouter === undefined
      ? 'no hop answered'
      : `the last answer is from hop ${lastRouter.ttl}, ${placeOf(lastRouter)}`;
  switch (record.stopReason) {
    case 'reached': {
      const rttMs = Math.min(...answers.filter(({ isTarget }) => isTarget).map((r) => r.rttMs));
      return `${name} answers by ${probed} at hop ${last?.ttl}, in ${milliseconds(rttMs)}.`;
    }
    case 'unreachable': {
      const refusal = answers.find(({ kind }) => kind === 'unreachable');
      const mark = refusal?.icmp?.mark ?? '';
      const who = refusal?.address ?? 'a router';
      return `${name} is not reached by ${probed}: ${who} at hop ${last?.ttl} refuses (${mark}).`;
    }
    case 'loop':
      return (
        `${name} is not reached by ${probed}: ` +
        `packets go round in a loop from hop ${loopStart(record)} on.`
      );
    case 'gap-limit':
      return lastRouter === undefined
        ? `${name} does not answer by ${probed}, and no hop does.`
        : `${name} does not answer by ${probed}: ${heard}; every hop behind it is silent.`;
    case 'max-ttl':
      return (
        `${name} is not reached by ${probed} within ` +
        `${counted(record.maxTtl, 'hop')}: ${heard}.`
      );
    default: {
      const why = record.stopReason === 'aborted' ? 'interrupted' : 'out of time';
      return `${name} by ${probed}: ${why}; ${heard}.`;
    }
  }
}

/** One hop: its TTL, and all interfaces that answered, each with its round trips. */
function hopLine({ ttl, replies }: TraceHopRecord, sentTos: number, paint: Paint): string {
  let line = `${String(ttl).padStart(2)} `;
  let shown: string | undefined;
  for (const reply of replies) {
    if (!isReply(reply)) {
      line += ` ${paint.dim(reply.unsent === undefined ? '*' : `*(${reply.unsent})`)}`;
      continue;
    }
    if (reply.address !== shown) line += ` ${addressText(reply)}${extras(reply, sentTos, paint)}`;
    shown = reply.address;
    line += `  ${milliseconds(reply.rttMs)}`;
    const mark = reply.icmp?.mark ?? '';
    if (mark !== '') line += ` ${paint.bad(mark)}`;
  }
  return line;
}

function addressText({ name, address }: TraceReply): string {
  return name === null ? address : `${name} (${address})`;
}

/** What a reply shows beside its round trip. */
function extras(reply: TraceReply, sentTos: number, paint: Paint): string {
  const { as, mpls, interfaceInfo, nat, kind, quotedTtl, quotedTos, matchedBy, probeTtl } = reply;
  const labels = mpls.map(
    ({ label, trafficClass, isBottomOfStack, ttl }) =>
      `L=${label},E=${trafficClass},S=${Number(isBottomOfStack)},T=${ttl}`,
  );
  const interfaces = interfaceInfo.map(
    ({ role, name, address, index }) => `${role} ${name ?? address ?? `#${index ?? '?'}`}`,
  );
  const parts = [
    ...(as === null ? [] : [asOriginText(as)]),
    ...(labels.length > 0 ? [`MPLS ${labels.join('/')}`] : []),
    ...interfaces,
    ...(nat ? ['NAT'] : []),
    ...(quotedTos === null || quotedTos === sentTos ? [] : [`TOS ${sentTos} → ${quotedTos}`]),
    ...(kind === 'time-exceeded' && quotedTtl !== null && quotedTtl !== 1
      ? [`quoted TTL ${quotedTtl}`]
      : []),
    ...(probeTtl === undefined ? [] : [`to a probe of TTL ${probeTtl}`]),
    ...(REWRITTEN.has(matchedBy) ? ['probe rewritten'] : []),
  ];
  return parts.length === 0 ? '' : ` ${paint.dim(`[${parts.join('; ')}]`)}`;
}

const REWRITTEN: ReadonlySet<TraceReply['matchedBy']> = new Set(['shifted-token', 'half-token']);

function milliseconds(value: number): string {
  return `${value.toFixed(3)} ms`;
}

function placeOf({ replies }: TraceHopRecord): string {
  return [...new Set(replies.filter(isReply).map(({ address }) => address))].join(', ');
}

/** The first hop of the round that was seen twice. */
function loopStart({ hops }: TraceRecord): number {
  const last = hops.at(-1)?.replies.find(isReply)?.address;
  const first = hops.find(({ replies }) => replies.find(isReply)?.address === last);
  return first?.ttl ?? 1;
}

function noteLines({ measurement, partial }: TraceRecord): string[] {
  const errors = Object.entries(measurement.sendErrors).map(([code, n]) => `${code} ${n}×`);
  return [
    ...(partial ? ['', 'Partial: the trace did not run to its end.'] : []),
    ...(errors.length > 0 ? ['', `The kernel refused packets: ${errors.join(', ')}.`] : []),
    ...measurement.notes.map((note) => `Note: ${note}`),
  ];
}
