/**
 * Reads traces out of warts, the binary files of scamper (warts(5)): records of a header and a
 * body, whose fields are there or not by bits before them. Other records are passed over.
 */

import { formatIpAddress } from '../../lib/ip-address.ts';
import { type ScamperHop, type ScamperTrace, tracesOfTrace } from './scamper-task.ts';
import { type SeenFile, TraceCollector, TraceFileError } from './seen-traces.ts';
import { type Fields, WartsBody } from './warts-body.ts';

const MAGIC = 0x1205;
const HEADER_BYTES = 8;
const RECORD = { list: 1, cycleStart: 2, cycle: 3, cycleStop: 4, address: 5, trace: 6 } as const;
/** Which tell nothing of probes. */
const AROUND: ReadonlySet<number> = new Set([
  RECORD.list,
  RECORD.cycleStart,
  RECORD.cycle,
  RECORD.cycleStop,
]);

/** Fields of a trace in the order of their bits: how many bytes, or an address. */
const TRACE_FIELDS = [
  ...([4, 4, 4, 4, 8, 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1] as const),
  ...(['address', 'address', 4, 2, 'address', 1, 4] as const),
];
/** Their bits, from 1 on. */
const TRACE = {
  start: 5,
  attempts: 9,
  method: 11,
  probeBytes: 12,
  sourcePort: 13,
  destinationPort: 14,
  firstHop: 15,
  tos: 16,
  hopCount: 19,
  probes: 23,
  source: 26,
  destination: 27,
} as const;

/** The same of a hop. */
const HOP_FIELDS = [
  ...([4, 1, 1, 1, 1, 4, 2, 2, 2, 2, 1, 2, 2, 1, 1, 1] as const),
  ...(['block', 'address', 8, 'text'] as const),
];
const HOP = {
  ttl: 2,
  replyTtl: 3,
  attempt: 5,
  rttUs: 6,
  icmp: 7,
  tcpFlags: 15,
  extension: 17,
  address: 18,
  sentAt: 19,
  name: 20,
} as const;

/** By the number of a trace's method; 3 and 6 keep to their ports as well. */
const METHODS = ['', 'icmp-echo', 'udp', 'tcp', 'icmp-echo-paris', 'udp-paris', 'tcp-ack'] as const;

/** Whether it is a warts file. */
export function isWarts(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes.readUInt16BE(0) === MAGIC;
}

/**
 * The traces in it.
 *
 * @throws {TraceFileError} which names the offset that is wrong
 */
export function readWarts(bytes: Buffer): SeenFile {
  const collector = new TraceCollector();
  let [others, at] = [0, 0];
  while (at < bytes.length) {
    if (at + HEADER_BYTES > bytes.length) throw damaged(at, 'a record is cut short');
    if (bytes.readUInt16BE(at) !== MAGIC) throw damaged(at, 'no record begins here');
    const type = bytes.readUInt16BE(at + 2);
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4);
    if (end > bytes.length) throw damaged(at, 'a record is cut short');
    if (type === RECORD.trace) {
      const body = new WartsBody(bytes, { at: at + HEADER_BYTES, end });
      collector.add(tracesOfTrace(traceIn(body)));
    } else if (!AROUND.has(type)) {
      others++;
    }
    at = end;
  }
  return { traces: collector.traces, notes: others === 0 ? [] : [passedOver(others)] };
}

function passedOver(others: number): string {
  const what =
    others === 1 ? 'record of warts that is no trace was' : 'other records of warts were';
  return `${others} ${what} passed over`;
}

function traceIn(body: WartsBody): ScamperTrace {
  const fields = body.fields(TRACE_FIELDS);
  const [source, destination] = [fields.address(TRACE.source), fields.address(TRACE.destination)];
  const methodAt = body.at;
  const method = METHODS[fields.number(TRACE.method)] ?? '';
  if (source === undefined || destination === undefined || method === '') {
    throw damaged(methodAt, 'a trace without ends or method');
  }
  const ports = portsOf(method, fields);
  const hops = Array.from({ length: body.uint16() }, () => hopIn(body));
  return {
    type: 'trace',
    method,
    src: formatIpAddress(source),
    dst: formatIpAddress(destination),
    ...ports,
    start: timeIn(fields, TRACE.start),
    tos: fields.number(TRACE.tos),
    probe_size: fields.number(TRACE.probeBytes),
    firsthop: Math.max(1, fields.number(TRACE.firstHop)),
    attempts: fields.number(TRACE.attempts),
    hop_count: Math.min(255, fields.number(TRACE.hopCount)),
    probe_count: fields.number(TRACE.probes),
    hops: hops.flatMap((hop) => (hop === undefined ? [] : [hop])),
  };
}

/** Of echoes the checksum is in the place of the port that they do not have. */
function portsOf(
  method: string,
  fields: Fields,
): Pick<ScamperTrace, 'sport' | 'dport' | 'icmp_sum'> {
  const [sport, dport] = [fields.number(TRACE.sourcePort), fields.number(TRACE.destinationPort)];
  if (method === 'icmp-echo-paris') return { icmp_sum: dport };
  return method === 'icmp-echo' ? {} : { sport, dport };
}

function hopIn(body: WartsBody): ScamperHop | undefined {
  const fields = body.fields(HOP_FIELDS);
  const address = fields.address(HOP.address);
  if (address === undefined) return undefined;
  const icmp = fields.number(HOP.icmp);
  const name = fields.text(HOP.name);
  return {
    addr: formatIpAddress(address),
    ...(name === undefined ? {} : { name }),
    probe_ttl: fields.number(HOP.ttl),
    probe_id: fields.number(HOP.attempt) + 1,
    ...(fields.has(HOP.sentAt) ? { tx: timeIn(fields, HOP.sentAt) } : {}),
    rtt: fields.number(HOP.rttUs) / 1000,
    reply_ttl: fields.number(HOP.replyTtl),
    ...(fields.has(HOP.icmp) ? { icmp_type: icmp >> 8, icmp_code: icmp & 0xff } : {}),
    ...(fields.has(HOP.tcpFlags) ? { tcp_flags: fields.number(HOP.tcpFlags) } : {}),
  };
}

function timeIn(fields: Fields, bit: number): { readonly sec: number; readonly usec: number } {
  const [sec = 0, usec = 0] = fields.words(bit);
  return { sec, usec };
}

function damaged(offset: number, what: string): TraceFileError {
  return new TraceFileError(`it is damaged: ${what} (offset ${offset})`);
}
