/** What `fantrace trace` was asked for: its targets, and its flags as options of the library. */

import type { TraceOptions } from '../../runtime/trace/trace-options.ts';
import { CliError } from '../cli-error.ts';
import type { TraceFlags } from './trace-flags.ts';

/** Where traceroute -U probes. */
const DNS_PORT = 53;
const BARE_NUMBER = /^\d+$/;

/**
 * The targets of the command line; `-` stands for those on the standard input, one a line.
 *
 * @throws {CliError} USAGE when there are none
 */
export async function targetsOf(
  given: readonly string[],
  flags: TraceFlags,
): Promise<readonly string[]> {
  const [, ...behind] = given;
  const size = behind.find((each) => BARE_NUMBER.test(each)); // as of traceroute HOST LENGTH
  if (size !== undefined) {
    const hint = `the length of packets is --packet-size ${size}`;
    throw new CliError('USAGE', `${size} is neither an address nor a host name`, hint);
  }
  const read = given.includes('-') ? await linesOfInput() : [];
  const targets = given.flatMap((each) => (each === '-' ? read : [each]));
  if (targets.length > 0) return targets;
  if (flags.simulate !== undefined) return ['the simulated target'];
  const what = given.length > 0 ? 'there is no target on the standard input' : 'no target given';
  throw new CliError('USAGE', what, 'name a host, or use --simulate NAME');
}

async function linesOfInput(): Promise<string[]> {
  const { createInterface } = await import('node:readline');
  const targets: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [target = ''] = line.trim().split(/[\s#]/, 1);
    if (target !== '') targets.push(target);
  }
  return targets;
}

/**
 * The options that flags stand for.
 *
 * @throws {CliError} USAGE for flags that do not fit together
 */
export function optionsOf(flags: TraceFlags): TraceOptions {
  const protocol = flags.tcp ? 'tcp' : flags.icmp ? 'icmp' : flags.protocol;
  if (protocol === 'icmp' && flags.port !== undefined) {
    throw new CliError('USAGE', '--port: ICMP has no ports', 'leave it out');
  }
  const { firstTtl = 1, maxTtl = Math.max(30, firstTtl) } = flags;
  if (firstTtl > maxTtl) {
    throw new CliError('USAGE', `--first-ttl: ${firstTtl} is above --max-ttl, which is ${maxTtl}`);
  }
  const given = {
    protocol,
    firstTtl,
    maxTtl,
    port: flags.port ?? (flags.udp ? DNS_PORT : undefined),
    queries: flags.queries,
    retries: flags.retries,
    timeoutMs: flags.wait === undefined ? undefined : Math.ceil(flags.wait / 1000),
    parallelTtls: flags.simQueries,
    gapLimit: flags.gapLimit,
    maxTimeMs: flags.maxTime === undefined ? undefined : Math.ceil(flags.maxTime / 1000),
    packetBytes: flags.packetSize,
    sourcePort: flags.sourcePort,
    source: flags.source,
    interface: flags.interface,
    mark: flags.mark,
    timestamps: flags.timestamps,
    tos: flags.tos,
    flowLabel: flags.flowLabel,
    dontFragment: flags.fragment === undefined ? undefined : false,
    rate: flags.pause ? 1e6 / flags.pause : flags.rate,
    family: flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined,
    seed: flags.seed,
    simulate: flags.simulate,
    names: !isNumeric(flags),
    asDns: flags.asLookup,
    asDatabase: flags.asnDb,
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as TraceOptions;
}

/** Whether names of addresses are left out. */
export function isNumeric({ dns, numeric }: TraceFlags): boolean {
  return !dns || numeric === true;
}

/** The flags that the target may forbid, by the options that they become. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  packetBytes: '--packet-size',
  flowLabel: '--flow-label',
  'dontFragment false': '--fragment',
  source: '--source',
};

/** What the library says of an option that is out of range, by the name of its flag. */
export function inFlagNames(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  const { message } = error;
  const option = Object.keys(FLAG_NAMES).find((name) => message.startsWith(`${name} `));
  if (option === undefined) return new CliError('USAGE', message);
  return new CliError('USAGE', `${FLAG_NAMES[option]}${message.slice(option.length)}`);
}
