/**
 * Reads command lines of `traceroute-caller`, of every version of it. Each flag may come from the
 * environment as well, under its name in capitals.
 */

import { SCAMPER_RANGES } from '../../watch/scamper/scamper-task.ts';
import type { TracerName } from '../../watch/tracer.ts';
import { CliError } from '../cli-error.ts';
import { type ListenAddress, parseListenAddress } from '../watch/listen-address.ts';
import { goDurationMs } from './go-duration.ts';
import { GoFlagError, type GoFlagValues, goUsage, parseGoFlags } from './go-flags.ts';
import {
  type CompatVersion,
  TRACEROUTE_CALLER_FLAGS,
  VERSION_PRESETS,
} from './traceroute-caller-table.ts';

type Values = GoFlagValues<typeof TRACEROUTE_CALLER_FLAGS>;

const TOOLS: Readonly<Record<string, readonly TracerName[]>> = {
  scamper: ['scamper'],
  'scamper-daemon': ['scamper-daemon'],
  'scamper-daemon-with-scamper-backup': ['scamper-daemon', 'scamper'],
  'scamper-daemon-with-paris-backup': ['scamper-daemon', 'paris'],
  'paris-traceroute': ['paris'],
  native: ['native'],
};

/** A command line that makes sense. Durations in milliseconds; '' where nothing was named. */
export interface TracerouteCallerFlags {
  readonly compat: CompatVersion;
  readonly tracers: readonly TracerName[];
  readonly kind: 'tracelb' | 'trace';
  readonly ptr: boolean;
  /** In 10 ms; undefined leaves it to scamper. */
  readonly waitProbe: number | undefined;
  readonly probesMax: number | undefined;
  readonly packetsPerSecond: number;
  readonly outputMax: number;
  readonly timeoutMs: number;
  readonly cacheAgeMs: number;
  readonly pollIntervalMs: number;
  readonly drainMs: number;
  readonly concurrency: number;
  readonly scamperBinary: string;
  readonly parisBinary: string;
  readonly socketPath: string;
  readonly eventSocket: string;
  readonly output: string;
  readonly hopOutput: string;
  readonly annotatorSocket: string;
  readonly asnDb: string;
  readonly datatypes: string;
  readonly uuidPrefixFile: string;
  readonly listen: ListenAddress;
  readonly format: 'jsonl' | 'json';
  readonly keys: 'all' | 'go' | 'scamper';
  readonly isAnonymised: boolean;
}

/** The usage is to be shown. */
export class UsageWanted extends Error {
  override readonly name = 'UsageWanted';
  readonly usage: string = goUsage('traceroute-caller', TRACEROUTE_CALLER_FLAGS);
}

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Reads command line and environment; the former wins.
 *
 * @throws {UsageWanted} when Go would print the usage
 * @throws {CliError} USAGE for values that make no sense, or not together
 */
export function readTracerouteCallerFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): TracerouteCallerFlags {
  const { values, given } = parse([...environmentArgs(env), ...argv]);
  const compat = oneOf('compat', values.compat, ['v0.5', 'v0.12']);
  const tracers = TOOLS[oneOf('tracetool', values.tracetool, Object.keys(TOOLS))] ?? [];
  const presets = VERSION_PRESETS[compat];
  const flags: TracerouteCallerFlags = {
    compat,
    tracers,
    ...traceOptions(values, given, presets),
    timeoutMs: timeoutOf(values, tracers, presets.timeout),
    cacheAgeMs: durationOf('IPCacheTimeout', values.IPCacheTimeout || presets.cacheAge, DAY_MS),
    pollIntervalMs: durationOf('waitTime', values.waitTime, DAY_MS),
    drainMs: durationOf('drain', values.drain, DAY_MS),
    concurrency: within('concurrency', values.concurrency, { min: 1, max: 100_000 }),
    ...places(values, presets.output),
    listen: listenAddress(values['prometheusx.listen-address']),
    format: oneOf('output.format', values['output.format'], ['jsonl', 'json']),
    keys:
      compat === 'v0.5' ? 'scamper' : oneOf('output.keys', values['output.keys'], ['all', 'go']),
    isAnonymised:
      oneOf('anonymize.ip', values['anonymize.ip'], ['none', 'netblock']) === 'netblock',
  };
  requireSense(flags, values);
  return flags;
}

function parse(argv: readonly string[]) {
  try {
    const { values, given, rest, isHelpWanted } = parseGoFlags(argv, TRACEROUTE_CALLER_FLAGS);
    if (isHelpWanted) throw new UsageWanted();
    if (rest.length > 0) throw misuse(`takes no arguments but flags: ${rest.join(' ')}`);
    return { values, given };
  } catch (error) {
    throw error instanceof GoFlagError ? new FlagMistake(error.message) : error;
  }
}

/** A flag that Go would refuse: its message, and the usage. */
export class FlagMistake extends UsageWanted {
  constructor(message: string) {
    super();
    this.message = message;
  }
}

/** `SCAMPER_TIMEOUT=1m` as `-scamper.timeout=1m`. */
function environmentArgs(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(TRACEROUTE_CALLER_FLAGS).flatMap((name) => {
    const value = env[name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')];
    return value === undefined ? [] : [`-${name}=${value}`];
  });
}

/** Each program has its own; where both may run, that of the first holds. */
function timeoutOf(values: Values, [first]: readonly TracerName[], preset: string): number {
  if (first === 'paris') return durationOf('paris.timeout', values['paris.timeout'], HOUR_MS);
  return durationOf('scamper.timeout', values['scamper.timeout'] || preset, HOUR_MS);
}

function traceOptions(
  values: Values,
  given: ReadonlySet<string>,
  presets: (typeof VERSION_PRESETS)[CompatVersion],
) {
  const type = oneOf('scamper.trace-type', values['scamper.trace-type'], ['mda', 'regular']);
  const [oldWait, newWait] = [values['scamper.tracelb-W'], values['scamper.waitprobe']];
  const isWaitGiven = given.has('scamper.waitprobe') || given.has('scamper.tracelb-W');
  const wait = given.has('scamper.waitprobe') ? newWait : oldWait;
  const probes = values['scamper.max-probes'];
  const name = given.has('scamper.waitprobe') ? 'scamper.waitprobe' : 'scamper.tracelb-W';
  return {
    kind: type === 'mda' ? ('tracelb' as const) : ('trace' as const),
    ptr: values['scamper.ptr'] && values['scamper.tracelb-ptr'],
    waitProbe: isWaitGiven ? within(name, wait, SCAMPER_RANGES.waitProbe) : presets.waitProbe,
    probesMax:
      probes === 0 ? undefined : within('scamper.max-probes', probes, SCAMPER_RANGES.probesMax),
    packetsPerSecond: within('scamper.pps', values['scamper.pps'], SCAMPER_RANGES.packetsPerSecond),
    outputMax: within('output.max-bytes', values['output.max-bytes'], OUTPUT_BYTES),
  };
}

function places(values: Values, preset: string) {
  return {
    scamperBinary: values['scamper.bin'],
    parisBinary: values['paris.bin'],
    socketPath: values['scamper.unixsocket'],
    eventSocket: values['tcpinfo.eventsocket'],
    output: values['traceroute-output'] || values.outputPath || preset,
    hopOutput: values['hopannotation-output'],
    annotatorSocket: values['ipservice.sock'],
    asnDb: values['asn-db'],
    datatypes: values['datatypes-output'],
    uuidPrefixFile: values['uuid-prefix-file'],
  };
}

const OUTPUT_BYTES = { min: 1000, max: 2 ** 30 };

/** What is wrong only together with something else. */
function requireSense(flags: TracerouteCallerFlags, values: Values): void {
  const { eventSocket, tracers, kind, format, isAnonymised, annotatorSocket, asnDb } = flags;
  if (!values.poll && eventSocket === '') {
    throw misuse('-poll=false: name an event socket with -tcpinfo.eventsocket');
  }
  if (format === 'json' && (kind !== 'trace' || tracers.includes('paris'))) {
    throw misuse('-output.format: json is for -scamper.trace-type regular of scamper alone');
  }
  if (isAnonymised && tracers.includes('paris')) {
    throw misuse('-anonymize.ip: what paris-traceroute prints cannot be anonymised');
  }
  if (annotatorSocket !== '' && asnDb !== '') {
    throw misuse('-ipservice.sock and -asn-db: hops are annotated from one of them');
  }
}

function durationOf(name: string, text: string, maxMs: number): number {
  const ms = goDurationMs(text);
  if (ms === undefined) {
    throw new FlagMistake(`invalid value ${JSON.stringify(text)} for flag -${name}: parse error`);
  }
  if (ms >= SECOND_MS && ms <= maxMs) return ms;
  throw misuse(`-${name}: ${text} is not 1s to ${maxMs / HOUR_MS}h`);
}

function within(
  name: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (value >= min && value <= max) return value;
  throw misuse(`-${name}: ${value} is not ${min} to ${max}`);
}

function oneOf<const Name extends string>(
  flag: string,
  text: string,
  names: readonly Name[],
): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw misuse(`-${flag}: ${JSON.stringify(text)} is not one of ${names.join(', ')}`);
}

function listenAddress(text: string): ListenAddress {
  const flag = '-prometheusx.listen-address';
  const address = text.includes(':') ? parseListenAddress(flag, text) : undefined;
  if (address !== undefined) return address;
  throw misuse(`${flag}: ${JSON.stringify(text)} is not HOST:PORT`);
}

function misuse(message: string): CliError {
  return new CliError('USAGE', message);
}
