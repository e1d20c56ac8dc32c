/** Reads the JSON of scamper and of `sc_warts2json`: traces and tracelbs, a line each. */

import { isJsonObject } from '../../lib/json-object.ts';
import { flawText, type JsonSchema, schemaFlaw } from '../../lib/json-schema.ts';
import { at, type TextDocument } from './json-documents.ts';
import {
  type ScamperTrace,
  type ScamperTracelb,
  tracesOfTrace,
  tracesOfTracelb,
} from './scamper-task.ts';
import { type SeenFile, type SeenTrace, TraceCollector, TraceFileError } from './seen-traces.ts';

const TTL = { type: 'integer', minimum: 0, maximum: 255 } as const;
const COUNT = { type: 'integer', minimum: 0, maximum: 65_535 } as const;
const TIME = {
  type: 'object',
  required: ['sec', 'usec'],
  properties: {
    sec: { type: 'integer', minimum: 0, maximum: 8_000_000_000 },
    usec: { type: 'integer', minimum: 0, maximum: 999_999 },
  },
} as const;
const REPLY = {
  rtt: { type: 'number', minimum: 0, maximum: 1e9 },
  icmp_type: TTL,
  icmp_code: TTL,
  tcp_flags: COUNT,
} as const;
const TASK = {
  type: { type: 'string' },
  method: { type: 'string' },
  src: { type: 'string' },
  dst: { type: 'string' },
  sport: COUNT,
  dport: COUNT,
  icmp_sum: COUNT,
  start: TIME,
  tos: TTL,
  probe_size: COUNT,
  firsthop: TTL,
  attempts: COUNT,
} as const;
const LABEL = {
  type: 'object',
  required: ['mpls_ttl', 'mpls_s', 'mpls_exp', 'mpls_label'],
  properties: {
    mpls_ttl: TTL,
    mpls_s: { type: 'integer', minimum: 0, maximum: 1 },
    mpls_exp: { type: 'integer', minimum: 0, maximum: 7 },
    mpls_label: { type: 'integer', minimum: 0, maximum: 0xfffff },
  },
} as const;
const TRACE: JsonSchema = {
  type: 'object',
  required: ['method', 'src', 'dst'],
  properties: {
    ...TASK,
    hop_count: TTL,
    probe_count: COUNT,
    hops: {
      type: 'array',
      items: {
        type: 'object',
        required: ['addr', 'probe_ttl', 'probe_id', 'rtt'],
        properties: {
          ...REPLY,
          addr: { type: 'string' },
          name: { type: 'string' },
          probe_ttl: TTL,
          probe_id: COUNT,
          tx: TIME,
          reply_ttl: TTL,
          icmpext: {
            type: 'array',
            items: {
              type: 'object',
              properties: { mpls_labels: { type: 'array', items: LABEL } },
            },
          },
        },
      },
    },
  },
};
const TRACELB: JsonSchema = {
  type: 'object',
  required: ['method', 'src', 'dst'],
  properties: {
    ...TASK,
    nodes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['addr', 'links'],
        properties: {
          links: {
            type: 'array',
            items: {
              type: 'array',
              items: {
                type: 'object',
                required: ['addr'],
                properties: {
                  addr: { type: 'string' },
                  probes: {
                    type: 'array',
                    items: {
                      type: 'object',
                      required: ['ttl', 'flowid', 'replies'],
                      properties: {
                        ttl: TTL,
                        flowid: COUNT,
                        tx: TIME,
                        replies: {
                          type: 'array',
                          items: {
                            type: 'object',
                            required: ['rtt'],
                            properties: { ...REPLY, ttl: TTL },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

/**
 * All traces in the documents. Other tasks, pings among them, are passed over and counted.
 *
 * @throws {TraceFileError} which names the line
 */
export function readScamperJson(documents: readonly TextDocument[]): SeenFile {
  let others = 0;
  const collector = new TraceCollector();
  for (const { value, where } of documents) {
    at(where, () => {
      const task = taskIn(value);
      if (task === undefined) others++;
      else if (task !== 'metadata') collector.add(tracesOfTask(task));
    });
  }
  const noun =
    others === 1 ? 'task of scamper that is no trace was' : 'other tasks of scamper were';
  return { traces: collector.traces, notes: others === 0 ? [] : [`${others} ${noun} passed over`] };
}

/** A trace or tracelb; `metadata` for what surrounds tasks, undefined for other tasks. */
function taskIn(value: unknown): ScamperTrace | ScamperTracelb | 'metadata' | undefined {
  if (!isJsonObject(value)) throw new TraceFileError('it must be an object');
  // As traceroute-caller writes a whole result into one object.
  if (isJsonObject(value['Trace'])) return taskIn(value['Trace']);
  const { type } = value;
  if (type !== 'trace' && type !== 'tracelb') {
    const isAround = typeof type !== 'string' || type.startsWith('cycle-');
    return isAround ? 'metadata' : undefined;
  }
  const task = withoutNulls(value);
  const flaw = schemaFlaw(type === 'trace' ? TRACE : TRACELB, task);
  if (flaw !== undefined) throw new TraceFileError(`it is damaged: ${flawText(flaw)}`);
  return task as unknown as ScamperTrace | ScamperTracelb;
}

function tracesOfTask(task: ScamperTrace | ScamperTracelb): SeenTrace[] {
  return task.type === 'trace' ? tracesOfTrace(task) : tracesOfTracelb(task);
}

/** Programs in Go write null for lists that are empty. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      if (each !== null) return [[key, withoutNulls(each)]];
      return ['replies', 'links'].includes(key) ? [[key, []]] : [];
    }),
  );
}
