/**
 * Reads `mtr --json`: of each hop who answered last, how many probes it was sent and which share
 * was lost. When they were lost is not told, nor whether probes shared a path: mtr sends each as
 * another flow, echoes by their checksum and the others by a port.
 */

import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import { flawText, schemaFlaw } from '../../lib/json-schema.ts';
import { printable } from '../../lib/printable.ts';
import { Random } from '../../lib/random.ts';
import {
  PROBES_MAX,
  type SeenAnswer,
  type SeenFile,
  type SeenHost,
  type SeenProbe,
  TraceFileError,
} from './seen-traces.ts';

const NUMBER_OR_TEXT = { anyOf: [{ type: 'number' }, { type: 'string' }] };
const SCHEMA = {
  type: 'object',
  required: ['report'],
  properties: {
    report: {
      type: 'object',
      required: ['mtr', 'hubs'],
      properties: {
        mtr: {
          type: 'object',
          required: ['dst'],
          properties: {
            src: { type: 'string' },
            dst: { type: 'string' },
            psize: NUMBER_OR_TEXT,
            tos: NUMBER_OR_TEXT,
          },
        },
        hubs: {
          type: 'array',
          items: {
            type: 'object',
            required: ['count', 'host', 'Loss%', 'Snt'],
            properties: {
              count: NUMBER_OR_TEXT,
              host: { type: 'string' },
              'Loss%': { type: 'number', minimum: 0, maximum: 100 },
              Snt: { type: 'integer', minimum: 0, maximum: 1_000_000 },
              Avg: { type: 'number', minimum: 0 },
            },
          },
        },
      },
    },
  },
} as const;

interface Report {
  readonly report: {
    readonly mtr: {
      readonly src?: string;
      readonly dst: string;
      readonly psize?: number | string;
      readonly tos?: number | string;
    };
    readonly hubs: readonly Hub[];
  };
}

interface Hub {
  readonly count: number | string;
  readonly host: string;
  readonly 'Loss%': number;
  readonly Snt: number;
  readonly Avg?: number;
}

const SILENT = '???';
/** Which of the probes of a hop were lost is drawn by this: no order may look like a burst. */
const SEED = 1;
/** mtr's own pause between two probes to one hop. */
const CYCLE_US = 1_000_000;

/**
 * The one trace in it.
 *
 * @throws {TraceFileError} for what mtr does not write
 */
export function readMtrJson(document: unknown): SeenFile {
  const flaw = schemaFlaw(SCHEMA, document);
  if (flaw !== undefined) throw new TraceFileError(`it is damaged: ${flawText(flaw)}`);
  const { mtr, hubs } = (document as Report).report;
  const random = new Random(SEED);
  const sent = hubs.reduce((sum, { Snt }) => sum + Snt, 0);
  if (sent > PROBES_MAX) throw new TraceFileError(`it tells of more than ${PROBES_MAX} probes`);
  const last = hubs.at(-1);
  const end = last === undefined || last.host === SILENT ? undefined : hostOf(last.host);
  const named = hostOf(mtr.dst);
  const isReached =
    end !== undefined &&
    (end.address === undefined || named.address === undefined || end.address === named.address);
  // mtr ends its list with the target, or with what is silent behind the last that answers.
  const address = named.address ?? (isReached ? end.address : undefined);
  const target = { address, name: named.name };
  const probes = hubs.flatMap((hub) =>
    probesOf(hub, random, isReached && hub === last ? target : undefined),
  );
  probes.sort((a, b) => a.sentAtUs - b.sentAtUs || a.ttl - b.ttl);
  return {
    traces:
      probes.length === 0
        ? []
        : [
            {
              source: hostOf(mtr.src ?? 'unknown'),
              target: { ...target, port: null },
              protocol: 'icmp',
              flow: 'mtr',
              sourcePort: 0,
              tos: wholeNumber(mtr.tos),
              packetBytes: wholeNumber(mtr.psize),
              isMixed: true,
              areLossesTold: true,
              isRepeatable: false,
              probes,
            },
          ],
    notes: [
      'mtr tells how many probes each hop left unanswered, not which: bursts cannot be told from ' +
        'a steady loss',
      'mtr does not tell when it ran, or by which protocol: the times and ICMP are assumed',
    ],
  };
}

/** @param target where this hop is its */
function probesOf(hub: Hub, random: Random, target: SeenHost | undefined): SeenProbe[] {
  const ttl = wholeNumber(hub.count);
  if (ttl < 1 || ttl > 255) {
    throw new TraceFileError(`it is damaged: the count of a hub is ${printable(`${hub.count}`)}`);
  }
  const lost = hub.host === SILENT ? hub.Snt : Math.round((hub.Snt * hub['Loss%']) / 100);
  const answer: SeenAnswer = {
    from: target ?? hostOf(hub.host),
    kind: target === undefined ? 'time-exceeded' : 'echo-reply',
    code: 0,
    rttUs: Math.round(1000 * (hub.Avg ?? 0)),
    replyTtl: 0,
    mpls: [],
  };
  const isLost = Array.from({ length: hub.Snt }, (_, i) => i < lost);
  random.shuffle(isLost);
  return isLost.map((each, i) => ({
    ttl,
    sentAtUs: i * CYCLE_US,
    answer: each ? undefined : answer,
  }));
}

/** `name (address)`, an address, or a name. */
function hostOf(text: string): SeenHost {
  const both = /^(.*) \(([^()]*)\)$/.exec(text);
  const bytes = parseIpAddress(both?.[2] ?? text);
  const address = bytes === undefined ? undefined : formatIpAddress(bytes);
  return { address, name: printable(both?.[1] ?? address ?? text) };
}

/** Older versions write numbers as text, and the TOS in hexadecimal. */
function wholeNumber(value: number | string | undefined): number {
  const number = Number(value ?? 0);
  return Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : 0;
}
