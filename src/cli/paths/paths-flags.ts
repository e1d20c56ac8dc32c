/** The flags of `fantrace paths`. */

import { Option } from 'commander';
import type { FlowField, PathsProtocol } from '../../model/paths-record.ts';
import type { PathsOptions } from '../../runtime/paths/paths-options.ts';
import {
  choiceOption,
  durationOption,
  familyOptions,
  numberOption,
  probabilityOption,
  sendingOptions,
  TEXT,
  ValueOption,
} from '../flag-values.ts';

/** Durations in microseconds. */
export interface PathsFlags {
  readonly protocol: PathsProtocol;
  readonly flowField?: FlowField;
  readonly port?: number;
  readonly sourcePort?: number;
  readonly algorithm: 'mda' | 'mda-lite';
  readonly confidence: number;
  readonly confidenceOf: 'graph' | 'balancer';
  readonly maxTtl?: number;
  readonly flowsMax?: number;
  readonly maxProbes?: number;
  readonly maxTime?: number;
  readonly gapLimit?: number;
  readonly tos?: number;
  readonly rate?: number;
  readonly source?: string;
  readonly interface?: string;
  readonly ipv4?: true;
  readonly ipv6?: true;
  readonly seed?: number;
  readonly simulate?: string;
  readonly aliases?: true;
  readonly asnDb?: string;
  readonly dns: boolean;
  readonly json?: true;
  readonly jsonl?: true;
  readonly format?: 'text' | 'scamper' | 'atlas';
  readonly svg?: string;
  readonly dot?: string;
  readonly dryRun?: true;
}

const PORT = { min: 1, max: 65_535 };

/** All of them, in the order of the help. */
export function pathsFlags(): Option[] {
  return [...probeFlags(), ...courseFlags(), ...hostFlags(), ...outputFlags()];
}

/** As the library takes them. */
export function pathsOptionsOf(flags: PathsFlags, signal: AbortSignal): PathsOptions {
  const { ipv4, ipv6, dns, asnDb, maxTime, json, jsonl, format, svg, dot, dryRun, ...same } = flags;
  const given = {
    ...same,
    family: ipv4 ? 4 : ipv6 ? 6 : undefined,
    maxTimeMs: maxTime === undefined ? undefined : Math.ceil(maxTime / 1000),
    names: dns,
    asDatabase: asnDb,
    signal,
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as PathsOptions;
}

function probeFlags(): Option[] {
  return [
    choiceOption('--protocol <NAME>', 'what probes are made of', ['udp', 'tcp', 'icmp']).default(
      'udp',
    ),
    choiceOption(
      '--flow-field <NAME>',
      'what tells flows apart (default: source-port; checksum with ICMP)',
      ['source-port', 'destination-port', 'checksum', 'flow-label'],
    ),
    numberOption('-p, --port <PORT>', 'destination port (default: 33434; 443 with TCP)', PORT),
    numberOption('--source-port <PORT>', 'first source port (default: 33000)', PORT),
    numberOption('--tos <N>', 'TOS or traffic class (default: 0)', { min: 0, max: 255 }),
    ...familyOptions(),
  ];
}

function courseFlags(): Option[] {
  return [
    probabilityOption('--confidence <P>', 'probability of missing no equal branch', 0.95),
    choiceOption('--confidence-of <WHAT>', 'what --confidence is promised of', [
      'graph',
      'balancer',
    ]).default('graph'),
    choiceOption('--algorithm <NAME>', 'the full search, or one that trusts even diamonds', [
      'mda',
      'mda-lite',
    ]).default('mda'),
    numberOption('-m, --max-ttl <TTL>', 'last TTL (default: 30)', { min: 1, max: 255 }),
    numberOption('--flows-max <N>', 'flows at most (default: 1024)', { min: 1, max: 16_384 }),
    numberOption('--max-probes <N>', 'stop after this many probes (default: 20000)', {
      min: 1,
      max: 10_000_000,
    }),
    durationOption('--max-time <DURATION>', 'stop after this time (default: 60s)', {
      minUs: 100_000,
      maxUs: 86_400_000_000,
    }),
    numberOption('--gap-limit <N>', 'give up behind so many silent hops (default: 4)', {
      min: 1,
      max: 30,
    }),
    new Option(
      '--aliases',
      'ask interfaces some more, within --max-time, to tell which of them are one router: ' +
        'seconds, and up to 40 more for each of those that limit their ICMP errors',
    ),
    numberOption('--rate <PPS>', 'probes a second in all (default: 2000)', {
      min: 1,
      max: 1_000_000,
    }),
    numberOption('--seed <N>', 'make everything random repeatable', { min: 0, max: 2 ** 32 - 1 }),
  ];
}

function hostFlags(): Option[] {
  return [
    ...sendingOptions(),
    new ValueOption(
      '--simulate <NAME|FILE>',
      'run on a simulated network: a shipped scenario, or a file',
      TEXT,
    ),
  ];
}

function outputFlags(): Option[] {
  return [
    new Option('-n, --no-dns', 'do not look up names of addresses'),
    new ValueOption('--asn-db <FILE>', 'tell autonomous systems by this database (MMDB)', TEXT),
    new Option('--json', 'write one JSON document, schema fantrace.paths/1')
      .conflicts('jsonl')
      .conflicts('format'),
    new Option('--jsonl', 'write JSON records, one a line, as things happen').conflicts('format'),
    choiceOption('--format <NAME>', 'how the result is written (default: text)', [
      'text',
      'scamper',
      'atlas',
    ]),
    new ValueOption('--svg <FILE>', 'draw the graph', TEXT),
    new ValueOption('--dot <FILE>', 'write the graph for Graphviz', TEXT),
    new Option('--dry-run', 'show the plan and its cost, and send nothing').conflicts([
      'format',
      'svg',
      'dot',
    ]),
  ];
}
