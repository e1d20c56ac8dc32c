/** The flags of `fbtracert`: those of the original, those of its logging, and a few of our own. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { CliError } from '../cli-error.ts';
import { type GoFlag, GoFlagError, goUsage, parseGoFlags, readInteger } from './go-flags.ts';

const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'FATAL'];

/** What the logging package says of a level that is no number; empty where it is one. */
function notWhole(text: string): string {
  const isWhole = /^[+-]?\d+$/.test(text);
  return isWhole ? '' : `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}

const FLAGS = {
  addrFamily: { preset: 'ip4', help: 'Address family of the target: ip4 or ip6' },
  baseSrcPort: { preset: 32768, help: 'First source port; the others follow it' },
  jsonOutput: { preset: false, help: 'Print JSON instead of tables' },
  maxColumns: { preset: 4, help: 'Source ports in one table' },
  maxSrcPorts: { preset: 256, help: 'Source ports to probe from: so many flows' },
  maxTTL: { preset: 30, help: 'Last TTL' },
  maxTime: { preset: 60, help: 'Longest time to probe, in seconds' },
  minTTL: { preset: 1, help: 'First TTL' },
  numResolvers: { preset: 32, help: 'With 0, names of routers are not looked up' },
  probeRate: { preset: 96, help: 'Probes a second for each TTL, and for each interface at most' },
  showAll: { preset: false, help: 'Print all paths, not only those with loss' },
  srcAddr: { preset: '', help: 'Address to send from (by default that of the route)' },
  targetPort: { preset: 22, help: 'TCP port of the target' },
  tosValue: { preset: 140, help: 'TOS or traffic class of the probes' },
  // Not in the original.
  fixedTime: { preset: false, help: 'Probe for all of -maxTime, also when the answer is sure' },
  seed: {
    preset: '',
    valueName: 'int',
    help: 'Make everything random repeatable',
    flaw: (text) => (readInteger(text) === undefined ? 'parse error' : ''),
  },
  simulate: { preset: '', help: 'Run on a simulated network: a shipped scenario, or a file' },
  // Those of its logging package: all but -logtostderr are accepted without effect.
  alsologtostderr: { preset: false, help: 'Accepted; no log files are written' },
  log_backtrace_at: {
    preset: '',
    valueName: 'value',
    help: 'Accepted without effect',
    flaw: (text) => (/^(|[^:]+:[1-9]\d*)$/.test(text) ? '' : 'syntax error: expect file.go:234'),
  },
  log_dir: { preset: '', help: 'Accepted; no log files are written' },
  logtostderr: { preset: false, help: 'Do not print the hint at this flag' },
  stderrthreshold: {
    preset: '',
    valueName: 'value',
    help: 'Accepted without effect',
    flaw: (text) => (SEVERITIES.includes(text.toUpperCase()) ? '' : notWhole(text)),
  },
  v: { preset: '', valueName: 'value', help: 'Accepted without effect', flaw: notWhole },
  vmodule: {
    preset: '',
    valueName: 'value',
    help: 'Accepted without effect',
    flaw: (text) =>
      /^([^=,]+=\d+)?(,([^=,]+=\d+)?)*$/.test(text)
        ? ''
        : 'syntax error: expect comma-separated list of filename=N',
  },
} as const satisfies Record<string, GoFlag>;

/** A command line that makes sense; names as on the line. */
export interface FbtracertFlags {
  readonly baseSrcPort: number;
  readonly fixedTime: boolean;
  readonly jsonOutput: boolean;
  readonly logtostderr: boolean;
  readonly maxColumns: number;
  readonly maxSrcPorts: number;
  readonly maxTTL: number;
  /** Seconds. */
  readonly maxTime: number;
  readonly minTTL: number;
  readonly numResolvers: number;
  readonly probeRate: number;
  readonly showAll: boolean;
  /** Empty for that of the route. */
  readonly srcAddr: string;
  readonly targetPort: number;
  readonly tosValue: number;
  readonly family: IpFamily;
  /** 0 to 2³² − 1; undefined to draw one. */
  readonly seed: number | undefined;
  /** A scenario; empty for the network of this host. */
  readonly simulate: string;
  /** Names of the flags that were on the line. */
  readonly given: ReadonlySet<string>;
  /** Undefined is possible with `-simulate` only. */
  readonly target: string | undefined;
}

/** The command line cannot be read, or help was asked for: the usage is to be shown. */
export class UsageWanted extends Error {
  override readonly name = 'UsageWanted';
  readonly usage: string;
  /** Whether it is because of a mistake, which `message` tells. */
  readonly isMistake: boolean;

  constructor(message: string) {
    super(message);
    this.usage = goUsage('fbtracert', FLAGS);
    this.isMistake = message !== '';
  }
}

const PORT_MAX = 65_535;
const TTL_MAX = 255;
const SEED_MAX = 2 ** 32 - 1;
/** By flag: the least and the most that it may be, as far as no other flag matters. */
const RANGES = {
  baseSrcPort: [1, PORT_MAX],
  maxColumns: [1, 1000],
  maxSrcPorts: [1, 4096],
  maxTTL: [1, TTL_MAX],
  maxTime: [1, 86_400],
  minTTL: [1, TTL_MAX],
  numResolvers: [0, 1024],
  probeRate: [1, 10_000],
  targetPort: [1, PORT_MAX],
  tosValue: [0, 255],
} as const;

/**
 * Reads the command line.
 *
 * @throws {UsageWanted} when Go would print the usage
 * @throws {CliError} USAGE when values make no sense, which the original found out by crashing
 */
export function readFbtracertFlags(argv: readonly string[]): FbtracertFlags {
  const { values, given, rest, isHelpWanted } = parse(argv);
  if (isHelpWanted) throw new UsageWanted('');
  const target = onlyTarget(rest, values.simulate);
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = values[name as keyof typeof RANGES];
    if (value < min || value > max) throw misuse(`-${name}: ${value} is not ${min} to ${max}`);
  }
  const { addrFamily, seed, ...others } = values;
  const { minTTL, maxTTL, baseSrcPort, maxSrcPorts } = values;
  if (addrFamily !== 'ip4' && addrFamily !== 'ip6') {
    throw misuse(`-addrFamily: ${JSON.stringify(addrFamily)} is neither ip4 nor ip6`);
  }
  if (minTTL > maxTTL) throw misuse(`-minTTL: ${minTTL} is above -maxTTL, which is ${maxTTL}`);
  if (baseSrcPort + maxSrcPorts - 1 > PORT_MAX) {
    const last = PORT_MAX + 1 - maxSrcPorts;
    throw misuse(`-baseSrcPort: ${baseSrcPort} is not 1 to ${last} with ${maxSrcPorts} ports`);
  }
  if (values.simulate !== '' && values.srcAddr !== '') {
    throw misuse('-srcAddr: a simulated network has its own');
  }
  requireProbes(values);
  return {
    ...others,
    family: addrFamily === 'ip6' ? 6 : 4,
    seed: given.has('seed') ? seedOf(seed) : undefined,
    given,
    target,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseGoFlags(argv, FLAGS);
  } catch (error) {
    throw error instanceof GoFlagError ? new UsageWanted(error.message) : error;
  }
}

function onlyTarget(rest: readonly string[], simulate: string): string | undefined {
  const [target, ...more] = rest;
  if (more.length > 0) throw misuse(`more than one target: ${rest.join(' ')}`);
  const isMissing = target === undefined && simulate === '';
  if (isMissing || target?.trim() === '') throw misuse('Must specify a target');
  return target;
}

function seedOf(text: string): number {
  const seed = readInteger(text) ?? 0;
  if (seed < 0 || seed > SEED_MAX) throw misuse(`-seed: ${seed} is not 0 to ${SEED_MAX}`);
  return seed;
}

/** Too few for a result by the original's own measure, and in its words. */
function requireProbes(flags: {
  readonly maxTime: number;
  readonly probeRate: number;
  readonly maxSrcPorts: number;
}): void {
  const { maxTime, probeRate, maxSrcPorts } = flags;
  if (Math.floor((maxTime * probeRate) / maxSrcPorts) > 1) return;
  throw misuse(
    'Number of iterations too low, increase probe rate / run time or decrease src port range...',
  );
}

function misuse(message: string): CliError {
  return new CliError('USAGE', message);
}
