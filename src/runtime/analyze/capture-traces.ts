/** Turns the packets of a capture into traces: probes by flow, each with what answered it. */

import { formatIpAddress, isSameAddress, parseIpAddress } from '../../lib/ip-address.ts';
import { type AnswerReply, isAnswer, kindOf } from '../../probing/probe-outcome.ts';
import { ICMP_DIALECTS } from '../../wire/families.ts';
import { isMalformed } from '../../wire/malformed.ts';
import { ReplyReader } from '../../wire/reply-reader.ts';
import { CaptureAnswers, CLOCK_SLACK_US } from './capture-answers.ts';
import { type CapturedPacket, readCapture } from './capture-file.ts';
import { flowName, type ProbeGroup, probeGroups } from './capture-probes.ts';
import { type CapturedProbe, capturedProbe } from './captured-probe.ts';
import {
  PROBES_MAX,
  type SeenAnswer,
  type SeenFile,
  type SeenProbe,
  type SeenTrace,
  TraceFileError,
} from './seen-traces.ts';

/** Probes that are still out when the capture ends tell nothing: at least and at most so long. */
const WAIT_MIN_US = 100_000;
const WAIT_MAX_US = 1_000_000;
/** … and so many times the slowest answer. */
const WAIT_ROUND_TRIPS = 3;
/** Sizes and TOS values beyond which packets are taken as one class. */
const CLASSES_MAX = 16;

/**
 * The traces in a capture.
 *
 * @throws {TraceFileError} where it is damaged, or nobody traces a path in it
 */
export function readCaptureTraces(bytes: Buffer): SeenFile {
  const { packets, notes } = readCapture(bytes);
  const candidates: CapturedProbe[] = [];
  for (const packet of packets) {
    const probe = capturedProbe(packet.bytes, packet.atUs);
    if (probe !== undefined) candidates.push(probe);
    if (candidates.length > PROBES_MAX) {
      throw new TraceFileError(`more than ${PROBES_MAX} packets may be probes: cut it in time`);
    }
  }
  const groups = probeGroups(candidates.sort((a, b) => a.atUs - b.atUs));
  if (groups.length === 0) {
    const seen = `nobody traces a path in it: of ${packets.length} IP packets none was sent with`;
    throw new TraceFileError(`${seen} rising TTLs from a small one on`, 'NO_TRACES');
  }
  const matched = matchAnswers(packets, groups);
  const endUs = packets.reduce((end, { atUs }) => Math.max(end, atUs), 0);
  const fromUs = endUs - waitUs(matched.answers);
  const traces = groups.flatMap((group) => tracesOf(group, matched.answers, fromUs));
  const { foreignReplies, malformed, duplicates } = matched;
  return { traces, notes, foreignReplies, malformed, duplicates };
}

interface Matched {
  readonly answers: ReadonlyMap<CapturedProbe, SeenAnswer>;
  readonly foreignReplies: number;
  readonly malformed: number;
  readonly duplicates: number;
}

function matchAnswers(packets: readonly CapturedPacket[], groups: readonly ProbeGroup[]): Matched {
  const found = new CaptureAnswers();
  const probes = groups.flatMap((group) => group.probes).sort((a, b) => a.atUs - b.atUs);
  const sources = new Set(probes.map(({ source }) => source));
  const reader = new ReplyReader({ checksums: 'unverified' });
  const answers = new Map<CapturedProbe, SeenAnswer>();
  let [foreignReplies, malformed, duplicates, sent] = [0, 0, 0, 0];
  // Devices are captured side by side, so that the file may be a little out of order.
  for (const { atUs, bytes } of [...packets].sort((a, b) => a.atUs - b.atUs)) {
    for (; (probes[sent]?.atUs ?? Number.POSITIVE_INFINITY) <= atUs + CLOCK_SLACK_US; sent++) {
      found.sent(probes[sent] as CapturedProbe);
    }
    const reply = reader.read(bytes);
    if (isMalformed(reply)) {
      malformed++;
      continue;
    }
    if (!isAnswer(reply) || !sources.has(formatIpAddress(reply.destination))) continue;
    const probe = found.answered(reply, atUs);
    if (probe === 'again') duplicates++;
    else if (probe !== undefined) answers.set(probe, answerOf(probe, reply, atUs));
    else if (reply.kind === 'icmp-error') foreignReplies++;
  }
  return { answers, foreignReplies, malformed, duplicates };
}

function answerOf(probe: CapturedProbe, reply: AnswerReply, atUs: number): SeenAnswer {
  const from = isFromTarget(probe, reply) ? probe.destination : formatIpAddress(reply.source);
  return {
    from: { address: from, name: from },
    kind: kindOf(reply),
    code: reply.kind === 'icmp-error' ? reply.code : 0,
    rttUs: Math.max(0, Math.round(atUs - probe.atUs)),
    replyTtl: reply.replyTtl,
    mpls: reply.kind === 'icmp-error' ? [...reply.mpls] : [],
  };
}

/** A closed port is the target's word, also from another of its addresses. */
function isFromTarget({ destination, protocol }: CapturedProbe, reply: AnswerReply): boolean {
  const target = parseIpAddress(destination);
  if (target !== undefined && isSameAddress(reply.source, target)) return true;
  if (protocol !== 'udp' || reply.kind !== 'icmp-error') return false;
  const isUnreachable = reply.cause === 'unreachable';
  return isUnreachable && reply.code === ICMP_DIALECTS[reply.family].portUnreachableCode;
}

function waitUs(answers: ReadonlyMap<CapturedProbe, SeenAnswer>): number {
  let slowestUs = 0;
  for (const { rttUs } of answers.values()) {
    // A repeated answer is slow for another reason.
    if (rttUs < WAIT_MAX_US) slowestUs = Math.max(slowestUs, rttUs);
  }
  return Math.min(WAIT_MAX_US, Math.max(WAIT_MIN_US, WAIT_ROUND_TRIPS * slowestUs));
}

function tracesOf(
  { probes, isMixed }: ProbeGroup,
  answers: ReadonlyMap<CapturedProbe, SeenAnswer>,
  fromUs: number,
): SeenTrace[] {
  const classes = new Set(probes.map(({ tos, packetBytes }) => `${tos} ${packetBytes}`));
  const areClassesTold = classes.size <= CLASSES_MAX;
  const flows = new Map<string, { first: CapturedProbe; probes: SeenProbe[] }>();
  for (const probe of probes) {
    const answer = answers.get(probe);
    if (answer === undefined && probe.atUs > fromUs) continue;
    const { ttl, atUs, tos, packetBytes, sourcePort, protocol } = probe;
    const own = isMixed ? (protocol === 'icmp' ? `${sourcePort}` : '') : flowName(probe);
    const key = areClassesTold ? `${tos} ${packetBytes} ${own}` : own;
    const known = flows.get(key) ?? { first: probe, probes: [] };
    flows.set(key, known);
    known.probes.push({ ttl, sentAtUs: atUs, answer });
  }
  return [...flows.values()].map((flow) => traceOf(flow, { isMixed, areClassesTold }));
}

function traceOf(
  { first, probes }: { readonly first: CapturedProbe; readonly probes: readonly SeenProbe[] },
  { isMixed, areClassesTold }: { readonly isMixed: boolean; readonly areClassesTold: boolean },
): SeenTrace {
  const { source, destination, protocol, sourcePort, destinationPort } = first;
  return {
    source: { address: source, name: source },
    target: {
      address: destination,
      name: destination,
      port: protocol === 'icmp' || isMixed ? null : destinationPort,
    },
    protocol,
    flow: isMixed ? `mixed ${protocol === 'icmp' ? sourcePort : ''}` : flowName(first),
    sourcePort: isMixed && protocol !== 'icmp' ? 0 : sourcePort,
    tos: areClassesTold ? first.tos : 0,
    packetBytes: areClassesTold ? first.packetBytes : 0,
    isMixed,
    areLossesTold: true,
    isRepeatable: !isMixed && (protocol !== 'icmp' || first.checksum === sourcePort),
    probes,
  };
}
