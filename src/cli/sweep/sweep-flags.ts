/** The flags of `fantrace sweep`. */

import { Option } from 'commander';
import type { SweepStrategy } from '../../model/sweep-record.ts';
import { CliError } from '../cli-error.ts';
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
export interface SweepFlags {
  readonly protocol: 'udp' | 'icmp' | 'tcp';
  readonly port?: number;
  readonly sourcePort: number;
  readonly strategy?: SweepStrategy;
  readonly flows?: number;
  readonly confidence: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly splitTtl: number;
  readonly gapLimit: number;
  readonly rate: number;
  readonly perPrefix: number;
  readonly perInterface: number;
  readonly timeout?: number;
  readonly maxProbes?: number;
  readonly exclude?: readonly string[];
  readonly excludeFile?: readonly string[];
  readonly shard?: { readonly index: number; readonly of: number };
  readonly output?: string;
  readonly checkpoint?: string;
  readonly send: 'raw' | 'packet';
  readonly receive: 'raw' | 'ring';
  readonly senders?: number;
  readonly source?: string;
  readonly interface?: string;
  readonly ipv4?: true;
  readonly ipv6?: true;
  readonly seed?: number;
  readonly simulate?: string;
  readonly dryRun?: true;
  readonly json?: true;
  readonly jsonl?: true;
}

const PORT = { min: 1, max: 65_535 };
const TTL = { min: 1, max: 32 };
const RATE = { min: 1, max: 1_000_000 };

/** All of them, in the order of the help. */
export function sweepFlags(): Option[] {
  return [...orderFlags(), ...probeFlags(), ...paceFlags(), ...outputFlags(), ...hostFlags()];
}

function orderFlags(): Option[] {
  return [
    choiceOption(
      '--strategy <NAME>',
      'stop-set: forwards to the target, backwards to what is known; every-ttl: all TTLs of all ' +
        'flows; multipath: as many flows as each hop needs (default: stop-set; every-ttl with ' +
        '--flows)',
      ['stop-set', 'every-ttl', 'multipath'],
    ),
    numberOption(
      '--flows <N>',
      'flows a target; with multipath the most a hop may cost (default: 1; 64 with multipath)',
      { min: 1, max: 1024 },
    ),
    probabilityOption('--confidence <P>', 'of multipath: of missing no equal branch', 0.95),
    numberOption('-f, --min-ttl <TTL>', 'first TTL', TTL).default(1, '1'),
    numberOption('-m, --max-ttl <TTL>', 'last TTL', TTL).default(32, '32'),
    numberOption('--split-ttl <TTL>', 'of stop-set: TTL at which it begins', TTL).default(16),
    numberOption('--gap-limit <N>', 'of stop-set: give a target up behind so many silent TTLs', {
      min: 1,
      max: 32,
    }).default(5),
    new ValueOption('--shard <I/N>', 'this part of the targets alone; all need the same --seed', {
      valueSchema: { type: 'string', pattern: String.raw`^\d+/\d+$` },
      read: shardOf,
    }),
    listOption('--exclude <PREFIXES>', 'addresses and prefixes not to probe, with commas'),
    listOption('--exclude-file <FILES>', 'files of them; a must beyond private networks'),
  ];
}

function probeFlags(): Option[] {
  return [
    choiceOption('--protocol <NAME>', 'what probes are made of', ['udp', 'icmp', 'tcp']).default(
      'udp',
    ),
    numberOption('-p, --port <PORT>', 'destination port (default: 33434; 443 with TCP)', PORT),
    numberOption('--source-port <PORT>', 'source port of the first flow', PORT).default(33_000),
    ...familyOptions(),
  ];
}

function paceFlags(): Option[] {
  return [
    numberOption('--rate <PPS>', 'probes a second in all', RATE).default(1000),
    numberOption('--per-prefix <PPS>', 'probes a second to a /24, in IPv6 a /48', RATE).default(
      100,
    ),
    numberOption('--per-interface <PPS>', 'replies a second asked of one router', RATE).default(
      100,
    ),
    durationOption('--timeout <DURATION>', 'how long the last replies are awaited (default: 1s)', {
      minUs: 100_000,
      maxUs: 4_000_000,
    }),
    numberOption('--max-probes <N>', 'stop after about so many', { min: 1, max: 1e12 }),
    numberOption('--seed <N>', 'make the order repeatable', { min: 0, max: 2 ** 32 - 1 }),
    new Option('--dry-run', 'tell what would be sent, and send nothing'),
  ];
}

function outputFlags(): Option[] {
  return [
    new ValueOption(
      '-o, --output <FILE>',
      'write every reply: FILE.jsonl, FILE.jsonl.gz, or FILE.parquet (a folder)',
      TEXT,
    ),
    new ValueOption(
      '--checkpoint <FILE>',
      'note there what is done; the same command then goes on from there',
      TEXT,
    ).conflicts('jsonl'),
    new Option('--json', 'write one JSON document, schema fantrace.sweep/1').conflicts('jsonl'),
    new Option('--jsonl', 'write every reply as a JSON line, as it comes').conflicts('output'),
  ];
}

function hostFlags(): Option[] {
  return [
    choiceOption(
      '--send <SOCKETS>',
      'raw: as the kernel routes; packet: faster, straight to the gateways, past the firewall',
      ['raw', 'packet'],
    )
      .default('raw')
      .conflicts(['interface', 'simulate']),
    choiceOption(
      '--receive <SOCKETS>',
      'raw: behind the firewall; ring: with room for 65,536 replies, before the firewall',
      ['raw', 'ring'],
    )
      .default('raw')
      .conflicts(['simulate']),
    numberOption('--senders <N>', 'threads that send, with sockets of their own (default: none)', {
      min: 1,
      max: 64,
    }),
    ...sendingOptions(),
    new ValueOption(
      '--simulate <NAME|FILE>',
      'run on a simulated network: internet, a shipped scenario, or a file',
      TEXT,
    ),
  ];
}

function listOption(flags: string, description: string): ValueOption {
  return new ValueOption(flags, description, {
    valueSchema: TEXT.valueSchema,
    read: (text) => text.split(',').filter((each) => each !== ''),
  });
}

function shardOf(text: string): { index: number; of: number } {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index) - 1, of: Number(of) };
  if (shard.index >= 0 && shard.index < shard.of) return shard;
  throw new CliError('USAGE', `--shard: ${JSON.stringify(text)} is not I/N with I from 1 to N`);
}
