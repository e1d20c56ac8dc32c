/**
 * The flags of `traceroute-caller`, of every version of it: presets are those of v0.12, or of v0.5
 * with `-compat v0.5`. Each may come from the environment as well, under its name in capitals.
 */

import { SCAMPER_RANGES } from '../../watch/scamper/scamper-task.ts';
import type { TracerName } from '../../watch/tracer.ts';
import { CliError } from '../cli-error.ts';
import { type ListenAddress, parseListenAddress } from '../watch/listen-address.ts';
import { goDurationMs } from './go-duration.ts';
import {
  type GoFlag,
  GoFlagError,
  type GoFlagValues,
  goUsage,
  oneOf,
  parseGoFlags,
} from './go-flags.ts';
import {
  type TracerouteCallerFlags,
  VERSION_PRESETS,
  type VersionPresets,
} from './traceroute-caller-options.ts';

const DURATION = {
  valueName: 'duration',
  flaw: (text: string) => (goDurationMs(text) === undefined ? 'parse error' : ''),
};
const ACCEPTED = 'Accepted without effect: ';

const TOOLS: Readonly<Record<string, readonly TracerName[]>> = {
  scamper: ['scamper'],
  'scamper-daemon': ['scamper-daemon'],
  'scamper-daemon-with-scamper-backup': ['scamper-daemon', 'scamper'],
  'scamper-daemon-with-paris-backup': ['scamper-daemon', 'paris'],
  'paris-traceroute': ['paris'],
  native: ['native'],
};

/** By name, in the order of the usage. */
const FLAGS = {
  IPCacheTimeout: {
    preset: '',
    ...DURATION,
    help: 'How long a trace answers for its address (10m; v0.5: 120s)',
  },
  IPCacheUpdatePeriod: {
    preset: '1m',
    ...DURATION,
    help: `${ACCEPTED}entries end when they are due`,
  },
  'anonymize.ip': {
    preset: 'none',
    help: 'Hide clients in results: none or netblock (/24, /48)',
    flaw: oneOf('none', 'netblock'),
  },
  'hopannotation-output': {
    preset: '/var/spool/hopannotation1',
    help: 'Folder of hop annotations',
  },
  'ipservice.sock': { preset: '', help: "Socket of M-Lab's annotator, for hop annotations" },
  'output.format': {
    preset: 'jsonl',
    help: 'Form of results: jsonl, or json with -scamper.trace-type regular',
    flaw: oneOf('jsonl', 'json'),
  },
  outputPath: { preset: '', help: 'Folder of results, as -traceroute-output' },
  'paris.bin': { preset: 'paris-traceroute', help: 'The program paris-traceroute' },
  'paris.timeout': {
    preset: '60s',
    ...DURATION,
    help: 'A trace of paris-traceroute may take no longer',
  },
  poll: { preset: true, help: 'Watch the connections of this host where there is no event socket' },
  'prometheusx.listen-address': { preset: ':9990', help: 'Serve /metrics and /health there' },
  'scamper.bin': { preset: 'scamper', help: 'The program scamper' },
  'scamper.ptr': { preset: true, help: 'Look up names of hops' },
  'scamper.sc_attach': { preset: '', help: `${ACCEPTED}we speak to scamper ourselves` },
  'scamper.sc_warts2json': { preset: '', help: `${ACCEPTED}we have scamper write JSON` },
  'scamper.timeout': {
    preset: '',
    ...DURATION,
    help: 'A trace may take no longer: 1s to 1h (900s; v0.5: 300s)',
  },
  'scamper.trace-type': {
    preset: 'mda',
    help: 'All paths, or one: mda or regular',
    flaw: oneOf('mda', 'regular'),
  },
  'scamper.tracelb-W': { preset: 0, help: 'Old name of -scamper.waitprobe' },
  'scamper.tracelb-ptr': { preset: true, help: 'Old name of -scamper.ptr' },
  'scamper.unixsocket': { preset: '/tmp/scamperctrl', help: "Control socket of scamper's daemon" },
  'scamper.waitprobe': { preset: 0, help: 'Between probes, in 10 ms: 15 to 200 (25; v0.5: none)' },
  'ss-binary': { preset: '', help: `${ACCEPTED}the kernel is asked itself` },
  'tcpinfo.eventsocket': {
    preset: '',
    help: "tcp-info's event socket; without it the kernel is asked",
  },
  'traceroute-output': {
    preset: '',
    help: 'Folder of results (/var/spool/scamper1; v0.5: /var/spool/scamper)',
  },
  tracetool: {
    preset: 'scamper',
    help:
      'Who traces: scamper, scamper-daemon, scamper-daemon-with-scamper-backup, ' +
      'scamper-daemon-with-paris-backup, paris-traceroute, or native',
    flaw: oneOf(...Object.keys(TOOLS)),
  },
  'uuid-prefix-file': { preset: '', help: 'File with what names of connections begin with' },
  waitTime: { preset: '5s', ...DURATION, help: 'Between dumps of all connections' },
  // Not in the original.
  'asn-db': {
    preset: '',
    help: 'Annotate hops from this MMDB file of autonomous systems; cymru asks the DNS',
  },
  compat: {
    preset: 'v0.12',
    help: 'Presets and files of this version: v0.12 or v0.5',
    flaw: oneOf('v0.5', 'v0.12'),
  },
  concurrency: { preset: 500, help: 'Traces at a time' },
  'datatypes-output': {
    preset: '/var/spool/datatypes',
    help: 'Folder for the schemas of results; empty for none',
  },
  drain: { preset: '30s', ...DURATION, help: 'How long traces may go on after a stop' },
  'output.keys': {
    preset: 'all',
    help: 'Keys of results: all that scamper has, or go for those of v0.12 alone',
    flaw: oneOf('all', 'go'),
  },
  'output.max-bytes': { preset: 90_000_000, help: 'A larger result is none' },
  'scamper.max-probes': { preset: 0, help: 'Probes of a trace at most: 50 to 65535 (3000)' },
  'scamper.pps': { preset: 10_000, help: "Packets a second of scamper's daemon: 1 to 10000" },
} as const satisfies Record<string, GoFlag>;

type Environment = Readonly<Record<string, string | undefined>>;
type Values = GoFlagValues<typeof FLAGS>;

/** The usage is to be shown. */
export class UsageWanted extends Error {
  override readonly name = 'UsageWanted';
  readonly usage: string = goUsage('traceroute-caller', FLAGS);
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
  env: Environment,
): TracerouteCallerFlags {
  const { values, given } = parse(argv, env);
  const compat = values.compat === 'v0.5' ? 'v0.5' : 'v0.12';
  const tracers = TOOLS[values.tracetool] ?? [];
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
    format: values['output.format'] === 'json' ? 'json' : 'jsonl',
    keys: compat === 'v0.5' ? 'scamper' : values['output.keys'] === 'go' ? 'go' : 'all',
    isAnonymised: values['anonymize.ip'] === 'netblock',
  };
  requireSense(flags, values);
  return flags;
}

function parse(argv: readonly string[], env: Environment) {
  const line = parseLine(argv);
  if (line.isHelpWanted) throw new UsageWanted();
  if (line.rest.length > 0) throw misuse(`takes no arguments but flags: ${line.rest.join(' ')}`);
  try {
    const { values, given } = parseGoFlags([...environmentArgs(env, line.given), ...argv], FLAGS);
    return { values, given };
  } catch (error) {
    // The line is whole: so it is the environment, with which the original does not start either.
    throw error instanceof GoFlagError ? misuse(`in the environment: ${error.message}`) : error;
  }
}

function parseLine(argv: readonly string[]) {
  try {
    return parseGoFlags(argv, FLAGS);
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
function environmentArgs(env: Environment, given: ReadonlySet<string>): string[] {
  return Object.keys(FLAGS).flatMap((name) => {
    const value = env[name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')];
    return value === undefined || given.has(name) ? [] : [`-${name}=${value}`];
  });
}

/** Each program has its own; where both may run, that of the first holds. */
function timeoutOf(values: Values, [first]: readonly TracerName[], preset: string): number {
  if (first === 'paris') return durationOf('paris.timeout', values['paris.timeout'], HOUR_MS);
  return durationOf('scamper.timeout', values['scamper.timeout'] || preset, HOUR_MS);
}

function traceOptions(values: Values, given: ReadonlySet<string>, presets: VersionPresets) {
  const [oldWait, newWait] = [values['scamper.tracelb-W'], values['scamper.waitprobe']];
  const isWaitGiven = given.has('scamper.waitprobe') || given.has('scamper.tracelb-W');
  const wait = given.has('scamper.waitprobe') ? newWait : oldWait;
  const probes = values['scamper.max-probes'];
  const name = given.has('scamper.waitprobe') ? 'scamper.waitprobe' : 'scamper.tracelb-W';
  return {
    kind: values['scamper.trace-type'] === 'mda' ? ('tracelb' as const) : ('trace' as const),
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
  const ms = goDurationMs(text) ?? 0;
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

function listenAddress(text: string): ListenAddress {
  const flag = '-prometheusx.listen-address';
  const address = text.includes(':') ? parseListenAddress(flag, text) : undefined;
  if (address !== undefined) return address;
  throw misuse(`${flag}: ${JSON.stringify(text)} is not HOST:PORT`);
}

function misuse(message: string): CliError {
  return new CliError('USAGE', message);
}
