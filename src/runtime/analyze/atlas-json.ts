/**
 * Reads traceroutes of RIPE Atlas, firmware 4460 and later: results as the API gives them, in a
 * list or one a line. Of a result with a Paris id, all probes are of one flow; that of another
 * result with the same id is the same.
 */

import { flawText, type JsonSchema, schemaFlaw } from '../../lib/json-schema.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import type { ReplyKind } from '../../model/probe.ts';
import { at, type TextDocument } from './json-documents.ts';
import { hostAt } from './seen-host.ts';
import {
  type SeenAnswer,
  type SeenFile,
  type SeenHost,
  type SeenProbe,
  type SeenTrace,
  TraceFileError,
} from './seen-traces.ts';

const NUMBER_OR_TEXT = { anyOf: [{ type: 'integer' }, { type: 'string' }] } as const;
const LABEL = {
  type: 'object',
  required: ['label', 'exp', 's', 'ttl'],
  properties: {
    label: { type: 'integer', minimum: 0, maximum: 0xfffff },
    exp: { type: 'integer', minimum: 0, maximum: 7 },
    s: { type: 'integer', minimum: 0, maximum: 1 },
    ttl: { type: 'integer', minimum: 0, maximum: 255 },
  },
} as const;
const REPLY = {
  type: 'object',
  properties: {
    x: { type: 'string' },
    from: { type: 'string' },
    rtt: { type: 'number', minimum: 0, maximum: 1e9 },
    ttl: { type: 'integer', minimum: 0, maximum: 255 },
    err: NUMBER_OR_TEXT,
    flags: { type: 'string' },
    icmpext: {
      type: 'object',
      properties: {
        obj: {
          type: 'array',
          items: { type: 'object', properties: { mpls: { type: 'array', items: LABEL } } },
        },
      },
    },
  },
} as const;
const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['proto', 'result'],
  properties: {
    dst_addr: { type: 'string' },
    dst_name: { type: 'string' },
    src_addr: { type: 'string' },
    from: { type: 'string' },
    prb_id: { type: 'integer' },
    proto: { enum: ['ICMP', 'UDP', 'TCP'] },
    paris_id: { type: 'integer', minimum: 0, maximum: 65_535 },
    timestamp: { type: 'integer', minimum: 0, maximum: 8_000_000_000 },
    result: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          hop: { type: 'integer', minimum: 0, maximum: 255 },
          error: { type: 'string' },
          result: { type: 'array', items: REPLY },
        },
      },
    },
  },
};

interface AtlasResult {
  readonly dst_addr?: string;
  readonly dst_name?: string;
  readonly src_addr?: string;
  readonly from?: string;
  readonly prb_id?: number;
  readonly proto: 'ICMP' | 'UDP' | 'TCP';
  readonly paris_id?: number;
  readonly timestamp?: number;
  readonly result: readonly AtlasHop[];
}

interface AtlasHop {
  readonly hop?: number;
  readonly result?: readonly AtlasReply[];
}

interface AtlasReply {
  readonly x?: string;
  readonly from?: string;
  /** Milliseconds. */
  readonly rtt?: number;
  readonly ttl?: number;
  readonly err?: string | number;
  readonly flags?: string;
  /** The answer to an earlier probe, which counted as lost. */
  readonly late?: unknown;
  readonly dup?: unknown;
  readonly error?: unknown;
  readonly icmpext?: {
    readonly obj?: readonly {
      readonly mpls?: readonly { label: number; exp: number; s: number; ttl: number }[];
    }[];
  };
}

const PROTOCOLS: Readonly<Record<AtlasResult['proto'], IsolateProtocol>> = {
  ICMP: 'icmp',
  UDP: 'udp',
  TCP: 'tcp',
};
/** After five silent hops a probe tries once whether the target answers at all, from here. */
const LAST_RESORT_HOP = 255;
/** Between two probes of a trace: their times are not told. */
const PROBE_STEP_US = 1000;

/**
 * The traces in the documents.
 *
 * @throws {TraceFileError} which names the line or item
 */
export function readAtlasJson(documents: readonly TextDocument[]): SeenFile {
  const traces = documents.flatMap(({ value, where }) =>
    at(where, () => {
      const flaw = schemaFlaw(SCHEMA, value);
      if (flaw !== undefined) throw new TraceFileError(`it is damaged: ${flawText(flaw)}`);
      return traceOf(value as AtlasResult);
    }),
  );
  return { traces, notes: [] };
}

function traceOf(result: AtlasResult): SeenTrace[] {
  const { dst_addr, dst_name, src_addr, from, prb_id, paris_id = 0, timestamp = 0 } = result;
  // A name that had no address was never traced.
  if (dst_addr === undefined) return [];
  const target = hostAt(dst_addr, dst_name);
  const probes = probesOf(result, target, timestamp * 1e6);
  if (probes.length === 0) return [];
  const own = [src_addr, from].find((each) => each !== undefined && each !== '');
  const source = own === undefined ? { address: undefined, name: 'unknown' } : hostAt(own);
  return [
    {
      // Many are at the same private address.
      source: prb_id === undefined ? source : { ...source, name: `probe ${prb_id}` },
      target: { ...target, port: null },
      protocol: PROTOCOLS[result.proto],
      flow: `${paris_id}`,
      sourcePort: paris_id,
      tos: 0,
      packetBytes: 0,
      isMixed: paris_id === 0,
      areLossesTold: true,
      isRepeatable: false,
      probes,
    },
  ];
}

function probesOf(
  { result, proto }: AtlasResult,
  target: SeenHost,
  startedAtUs: number,
): SeenProbe[] {
  const probes: SeenProbe[] = [];
  for (const { hop = 0, result: replies = [] } of result) {
    if (hop < 1 || hop === LAST_RESORT_HOP) continue;
    for (const reply of replies.filter(isOfProbe)) {
      probes.push({
        ttl: hop,
        sentAtUs: startedAtUs + probes.length * PROBE_STEP_US,
        // Without a round trip, it came after its time was over.
        answer: reply.rtt === undefined ? undefined : answerOf(reply, proto, target),
      });
    }
  }
  return probes;
}

/** Whether it is a star, or the first answer to a probe of this hop. */
function isOfProbe({ x, from, late, dup }: AtlasReply): boolean {
  return late === undefined && dup === undefined && (x !== undefined || from !== undefined);
}

function answerOf(reply: AtlasReply, proto: AtlasResult['proto'], target: SeenHost): SeenAnswer {
  const { from: address = '', rtt = 0, ttl = 0 } = reply;
  const from = hostAt(address);
  const isTarget = from.address === target.address;
  return {
    from: isTarget ? target : from,
    kind: kindOf(reply, proto, isTarget),
    code: 0,
    rttUs: Math.round(1000 * rtt),
    replyTtl: ttl,
    mpls: (reply.icmpext?.obj ?? []).flatMap(({ mpls = [] }) =>
      mpls.map(
        ({ label, exp, s, ttl: left }) => ((label << 12) | (exp << 9) | (s << 8) | left) >>> 0,
      ),
    ),
  };
}

/** Types of messages are not told: errors by a letter or code, and the rest follows from who. */
function kindOf(
  { err, flags }: AtlasReply,
  proto: AtlasResult['proto'],
  isTarget: boolean,
): ReplyKind {
  if (err !== undefined) return 'unreachable';
  if (flags !== undefined) return flags.includes('R') ? 'refused' : 'accepted';
  if (!isTarget) return 'time-exceeded';
  if (proto === 'ICMP') return 'echo-reply';
  return proto === 'UDP' ? 'unreachable' : 'accepted';
}
