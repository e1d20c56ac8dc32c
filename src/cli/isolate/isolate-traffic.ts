/** From flags to the traffic that a run probes with: its flows, its classes and its flow labels. */

import { readFileSync } from 'node:fs';
import type { IpFamily } from '../../lib/ip-address.ts';
import { probeLengthMin } from '../../probing/flow.ts';
import {
  DEFAULT_PORT,
  ECHO_MAX,
  FLOWS_MAX,
  PORT_MAX,
} from '../../runtime/isolate/isolate-limits.ts';
import { classRequests, type TrafficOptions } from '../../runtime/isolate/probed-flows.ts';
import { CliError } from '../cli-error.ts';
import { type FlowTraffic, portsOfPaths } from './flows-of-paths.ts';
import type { IsolateFlags } from './isolate-flags.ts';

/** Of a wrong line, in its message. */
const SHOWN_MAX = 60;
const PROTOCOL = { tcp: 'TCP', udp: 'UDP', icmp: 'ICMP' } as const;

/**
 * The source ports that were asked for one by one; undefined where a range was.
 *
 * @throws {CliError} FLOWS_INVALID for a file that cannot be read, or holds anything else
 */
export function givenPorts({
  flow,
  flowsFrom,
  protocol,
  port,
}: IsolateFlags): number[] | undefined {
  const last = protocol === 'icmp' ? ECHO_MAX : PORT_MAX;
  const tooLarge = flow?.find((port) => port > last);
  if (tooLarge !== undefined) {
    throw new CliError('USAGE', `--flow: ${tooLarge} is not from 1 to ${last} with ICMP`);
  }
  return flowsFrom === undefined
    ? flow && [...flow]
    : portsIn(flowsFrom, last, { protocol, port: port ?? DEFAULT_PORT[protocol] });
}

/**
 * What every probe looks like.
 *
 * @throws {CliError} USAGE for what the protocol or the family does not permit
 */
export function trafficOf(flags: IsolateFlags, family: IpFamily): TrafficOptions {
  const { protocol, flowLabel, packetSize, tos = [0] } = flags;
  if (family === 4 && flowLabel !== 'vary') {
    const message = `--flow-label: ${flowLabel} is of no use: IPv4 has no flow labels`;
    throw new CliError('USAGE', message, 'use -6, or leave it out');
  }
  const shortest = probeLengthMin(protocol, family);
  const tooShort = packetSize?.find((bytes) => bytes < shortest);
  if (tooShort !== undefined) {
    const probes = `${PROTOCOL[protocol]} probes over IPv${family}`;
    const message = `--packet-size: ${tooShort} is too short for ${probes}, which take ${shortest}`;
    throw new CliError('USAGE', message);
  }
  return {
    tos: tos[0] ?? 0,
    protocol,
    classes: classRequests(packetSize, tos),
    flowLabel: flowLabel === 'fixed' ? 0 : flowLabel,
  };
}

/** What `paths` has written; or one source port a line, where what follows a # is for people. */
function portsIn(path: string, last: number, traffic: FlowTraffic): number[] {
  const whole = textOf(path);
  const ports = portsOfPaths(whole, traffic, `--flows-from: ${path}`) ?? [];
  const lines = ports.length > 0 ? [] : whole.split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') continue;
    const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    const shown = JSON.stringify(text.slice(0, SHOWN_MAX));
    const where = `--flows-from: ${path} line ${index + 1}: ${shown}`;
    if (!(port >= 1 && port <= last)) {
      throw new CliError('FLOWS_INVALID', `${where} is not a source port from 1 to ${last}`);
    }
    if (ports.includes(port)) throw new CliError('FLOWS_INVALID', `${where} is there twice`);
    ports.push(port);
  }
  if (ports.length > 0 && ports.length <= FLOWS_MAX) return ports;
  const range = `a file of 1 to ${FLOWS_MAX}`;
  const message = `--flows-from: ${path} has ${ports.length} source ports, and is not ${range}`;
  throw new CliError('FLOWS_INVALID', message);
}

/** Its file descriptor. */
const STDIN = 0;

function textOf(path: string): string {
  try {
    return readFileSync(path === '-' ? STDIN : path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CliError('FLOWS_INVALID', `--flows-from: ${path} cannot be read: ${code}`);
  }
}
