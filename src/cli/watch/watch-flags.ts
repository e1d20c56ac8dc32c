/** The flags of `fantrace watch`. */

import { Option } from 'commander';
import { parseDuration } from '../../lib/duration.ts';
import { type IpPrefix, parseIpPrefix } from '../../lib/ip-prefix.ts';
import type { SourceName } from '../../watch/connection-source.ts';
import type { NativeKind, NativeMethod } from '../../watch/native-tracer.ts';
import type { TracerName } from '../../watch/tracer.ts';
import { CliError } from '../cli-error.ts';
import {
  choiceOption,
  durationOption,
  numberOption,
  numbersOption,
  probabilityOption,
  TEXT,
  ValueOption,
} from '../flag-values.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';

/** Durations in microseconds. */
export interface WatchFlags {
  readonly source: SourceName;
  readonly eventsocket?: string;
  readonly interval: number;
  readonly include: readonly IpPrefix[];
  readonly exclude: readonly IpPrefix[];
  readonly own: readonly IpPrefix[];
  readonly ports: readonly number[];
  readonly excludePorts: readonly number[];
  readonly sample: number;
  readonly tracer: readonly TracerName[];
  readonly kind: NativeKind;
  readonly method: NativeMethod;
  readonly dns: boolean;
  readonly rate?: number;
  readonly ratePerInterface?: number;
  readonly timeout: number;
  readonly concurrency: number;
  readonly tracesPerSecond: number;
  readonly waitingMax: number;
  readonly cache: number;
  readonly negativeCache: number;
  readonly cacheEntries: number;
  readonly output: string;
  readonly fileMode: number;
  readonly anonymize: 'none' | 'netblock';
  readonly hopAnnotations?: string;
  readonly annotator?: string;
  readonly asnDb?: string;
  readonly uuidPrefix?: string;
  readonly uuidPrefixFile?: string;
  readonly listen?: ListenAddress;
  readonly user?: string;
  readonly drain: number;
  readonly logLevel: string;
  readonly dryRun?: true;
}

const TRACERS: readonly TracerName[] = ['native', 'scamper', 'scamper-daemon', 'paris'];
const SECOND_US = 1_000_000;
const DAY_US = 86_400 * SECOND_US;
const PORTS = { min: 1, max: 65_535 };
const COUNT = { min: 1, max: 1_000_000 };

/** All of them, in the order of the help. */
export function watchFlags(): Option[] {
  return [
    ...sourceFlags(),
    ...policyFlags(),
    ...tracerFlags(),
    ...boundFlags(),
    ...outputFlags(),
    ...serviceFlags(),
  ];
}

/**
 * No flag goes unheeded: each that is set away from its default needs a tracer that obeys it.
 *
 * @throws {CliError} USAGE naming the flag, and the tracers that know it
 */
export function requireHeeded({ tracer, method, rate, ratePerInterface }: WatchFlags): void {
  const needed: [flag: string, isSet: boolean, tracers: readonly TracerName[]][] = [
    ['--method', method !== 'icmp', ['native']],
    ['--rate', rate !== undefined, ['native', 'scamper-daemon']],
    ['--rate-per-interface', ratePerInterface !== undefined, ['native']],
  ];
  for (const [flag, isSet, tracers] of needed) {
    if (!isSet || tracers.some((name) => tracer.includes(name))) continue;
    const message = `${flag} means nothing to ${tracer.join(' and ')}`;
    throw new CliError('USAGE', message, `it is of --tracer ${tracers.join(' or ')}`);
  }
}

function sourceFlags(): Option[] {
  return [
    choiceOption('--source <NAME>', 'who tells of connections: the kernel, tcp-info, or dumps', [
      'netlink',
      'eventsocket',
      'poll',
    ]).default('netlink'),
    new ValueOption('--eventsocket <PATH>', "tcp-info's event socket", TEXT),
    duration('--interval <DURATION>', 'between dumps of all connections', '30s', DAY_US),
  ];
}

function policyFlags(): Option[] {
  return [
    prefixesOption('--include <PREFIXES>', 'trace to these addresses only'),
    prefixesOption('--exclude <PREFIXES>', 'never trace to these addresses'),
    prefixesOption('--own <PREFIXES>', 'these addresses are ours as well, as a load balancer is'),
    numbersOption('--ports <PORTS>', 'only connections to these ports of ours', PORTS).default(
      [],
      'all',
    ),
    numbersOption('--exclude-ports <PORTS>', 'no connections with these ports', PORTS).default(
      [],
      'none',
    ),
    sampleOption(),
  ];
}

function tracerFlags(): Option[] {
  return [
    tracersOption(),
    choiceOption('--kind <NAME>', 'what to look for: all paths, or one', [
      'paths',
      'trace',
    ]).default('paths'),
    choiceOption('--method <NAME>', 'what the probes of native are made of', [
      'icmp',
      'udp',
      'tcp-ack',
    ]).default('icmp'),
    new Option('--no-dns', 'do not look up names of addresses'),
    numberOption('--rate <PPS>', 'probes a second in all, of native or scamper-daemon', COUNT),
    numberOption('--rate-per-interface <PPS>', 'probes of native a second to one interface', COUNT),
  ];
}

function boundFlags(): Option[] {
  return [
    duration('--timeout <DURATION>', 'a trace may take no longer', '5m', DAY_US),
    numberOption('--concurrency <N>', 'traces at a time', COUNT).default(256),
    numberOption('--traces-per-second <N>', 'traces that start a second', {
      min: 0,
      max: 1_000_000,
    }).default(0, 'any number'),
    numberOption('--waiting-max <N>', 'traces that wait at most', COUNT).default(20_000),
    duration('--cache <DURATION>', 'how long a result answers for its address', '10m', DAY_US),
    duration('--negative-cache <DURATION>', 'the same for a failure', '1m', DAY_US),
    numberOption('--cache-entries <N>', 'addresses in the cache at most', COUNT).default(100_000),
  ];
}

function outputFlags(): Option[] {
  return [
    new ValueOption('-o, --output <FOLDER>', 'where result files go', TEXT).default(
      '/var/spool/fantrace',
    ),
    modeOption(),
    choiceOption('--anonymize <NAME>', 'hide clients: netblock keeps /24 and /48 of addresses', [
      'none',
      'netblock',
    ]).default('none'),
    new ValueOption('--hop-annotations <FOLDER>', 'files that tell whose hops are', TEXT),
    new ValueOption('--annotator <SOCKET>', "ask M-Lab's annotator there, not the DNS", TEXT),
    new ValueOption('--asn-db <FILE>', 'take them from this database (MMDB), not the DNS', {
      ...TEXT,
    }).conflicts('annotator'),
    new ValueOption('--uuid-prefix <TEXT>', 'what names of connections begin with', {
      valueSchema: { type: 'string', pattern: UUID_PREFIX.source },
      read: uuidPrefix,
    }).conflicts('uuidPrefixFile'),
    new ValueOption('--uuid-prefix-file <FILE>', 'the same, from a file', TEXT),
  ];
}

function serviceFlags(): Option[] {
  return [
    new ValueOption('--listen <ADDRESS>', 'serve /metrics and /health there: PORT or HOST:PORT', {
      valueSchema: { type: ['string', 'integer'] },
      read: listenAddress,
    }),
    new ValueOption('--user <NAME>', 'become this user once sockets are open', TEXT),
    duration('--drain <DURATION>', 'how long traces may go on after a stop', '30s', DAY_US),
    choiceOption('--log-level <NAME>', 'what to log', ['debug', 'info', 'warn', 'error']).default(
      'info',
    ),
    new Option('--dry-run', 'say what would be done, and do nothing'),
  ];
}

function duration(flags: string, description: string, preset: string, maxUs: number): Option {
  const option = durationOption(flags, description, { minUs: SECOND_US / 100, maxUs });
  return option.default(parseDuration(preset) ?? 0, preset);
}

function prefixesOption(flags: string, description: string): Option {
  const [flag = flags] = flags.split(' ');
  return new ValueOption(flags, `${description}; commas between them`, {
    valueSchema: { type: 'string' },
    read: (text) =>
      text.split(',').map((part) => {
        const prefix = parseIpPrefix(part.trim());
        if (prefix !== undefined) return prefix;
        const message = `${flag}: ${JSON.stringify(part)} is neither an address nor a prefix`;
        throw new CliError('USAGE', message, 'such as 192.0.2.0/24, no bits beyond its length');
      }),
  }).default([], 'none');
}

function sampleOption(): Option {
  const below = probabilityOption('--sample <SHARE>', 'part of the addresses to trace to', 1);
  const read = below.parseArg as (text: string) => number;
  return below.argParser((text) => (/^(1(\.0*)?|100(\.0*)?%)$/.test(text) ? 1 : read(text)));
}

function tracersOption(): Option {
  return new ValueOption(
    '--tracer <NAMES>',
    `who traces: ${TRACERS.join(', ')}; with commas, whom to ask next`,
    {
      valueSchema: { type: 'string' },
      read: (text) => {
        const names = text.split(',');
        for (const [i, name] of names.entries()) {
          if (!TRACERS.some((known) => known === name)) {
            const message = `--tracer: ${JSON.stringify(name)} is not one of ${TRACERS.join(', ')}`;
            throw new CliError('USAGE', message);
          }
          if (names.indexOf(name) !== i) {
            throw new CliError('USAGE', `--tracer: ${name} is given twice`);
          }
        }
        return names;
      },
    },
  ).default(['native'], 'native');
}

function modeOption(): Option {
  return new ValueOption('--file-mode <MODE>', 'permissions of result files, in octal', {
    valueSchema: { type: 'string', pattern: '^0?[0-7]{3}$' },
    read: (text) => {
      if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
      throw new CliError('USAGE', `--file-mode: ${JSON.stringify(text)} is not octal, as 0644 is`);
    },
  }).default(0o644, '0644');
}

/** File names are made of it. */
const UUID_PREFIX = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$/;

/** @throws {CliError} USAGE for what makes no file name */
export function uuidPrefix(text: string): string {
  if (UUID_PREFIX.test(text)) return text;
  const message = `the UUID prefix ${JSON.stringify(text)} may have letters, digits, . _ and -`;
  throw new CliError('USAGE', message, 'see --uuid-prefix');
}

function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress('--listen', text);
  if (address !== undefined) return address;
  const message = `--listen: ${JSON.stringify(text)} is neither PORT nor HOST:PORT`;
  throw new CliError('USAGE', message, 'such as 127.0.0.1:9990');
}
