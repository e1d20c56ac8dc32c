/** Source ports that belong to this process while it probes: one flow each. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { releasePort, reservePort } from '../../native/port-reservation.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { HostError } from './host-error.ts';
import { sudoAdvice } from './raw-socket-advice.ts';

const LAST_PORT = 65535;

/** Which ports to take: `count` of them, from `first` on. */
export interface PortRequest {
  readonly family: IpFamily;
  /** 1 to 65535. */
  readonly first: number;
  /** At least 1. */
  readonly count: number;
  /** Which port spaces they are to be ours in; TCP alone unless told. */
  readonly transports?: readonly ('tcp' | 'udp')[];
}

/** Ports held until `close`. */
export interface ReservedPorts {
  /** Ascending. */
  readonly ports: readonly number[];
  /** Ports in between that others hold; they are not ours and must not be probed from. */
  readonly skipped: readonly number[];
  close(): void;
}

/**
 * Takes ports one by one and skips those in use, until there are `count`.
 *
 * @throws {HostError} PORTS_UNAVAILABLE when 65535 comes first, or descriptors or rights run out;
 *   none is held then
 * @throws {RangeError} when `first` or `count` is out of range
 */
export function reservePorts({
  family,
  first,
  count,
  transports = ['tcp'],
}: PortRequest): ReservedPorts {
  requireInteger('first', first, LAST_PORT);
  requireInteger('count', count, LAST_PORT);
  const descriptors: number[] = [];
  const ports: number[] = [];
  const skipped: number[] = [];
  const close = (): void => {
    for (const fd of descriptors.splice(0)) releasePort(fd);
  };
  try {
    for (let port = first; ports.length < count; port++) {
      if (port > LAST_PORT) throw tooFewPorts({ first, count, skipped });
      const taken = transports.map((transport) => tryReserve(family, port, transport));
      descriptors.push(...taken.filter((fd) => fd !== undefined));
      if (taken.includes(undefined)) skipped.push(port);
      else ports.push(port);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { ports, skipped, close };
}

/**
 * Takes exactly these ports.
 *
 * @throws {HostError} PORTS_UNAVAILABLE when one is in use, or descriptors or rights run out; none
 *   is held then
 */
export function reserveGivenPorts(
  ports: readonly number[],
  { family, transports }: Required<Pick<PortRequest, 'family' | 'transports'>>,
): ReservedPorts {
  const descriptors: number[] = [];
  const close = (): void => {
    for (const fd of descriptors.splice(0)) releasePort(fd);
  };
  const inUse: number[] = [];
  try {
    for (const port of ports) {
      const taken = transports.map((transport) => tryReserve(family, port, transport));
      descriptors.push(...taken.filter((fd) => fd !== undefined));
      if (taken.includes(undefined)) inUse.push(port);
    }
    if (inUse.length > 0) throw portsInUse(inUse);
  } catch (error) {
    close();
    throw error;
  }
  return { ports, skipped: [], close };
}

function portsInUse(ports: readonly number[]): HostError {
  const are = ports.length === 1 ? 'source port' : 'source ports';
  return new HostError(
    'PORTS_UNAVAILABLE',
    `${are} ${ports.join(', ')} in use on this host: probes would disturb that connection, so ` +
      'close it first (`ss -tuap` shows whose it is), or name another --flow',
  );
}

/** @returns a descriptor, or undefined when the port is in use */
function tryReserve(family: IpFamily, port: number, transport: 'tcp' | 'udp'): number | undefined {
  try {
    return reservePort(family, port, transport);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    if (error.code === 'EADDRINUSE') return undefined;
    const advice = {
      EMFILE: 'each takes a file descriptor: use fewer flows, or raise `ulimit -n`',
      EACCES:
        'ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE\n' +
        sudoAdvice(process),
    }[error.code];
    if (advice === undefined) throw error;
    const message = `source port ${port} cannot be reserved (${error.code}): ${advice}`;
    throw new HostError('PORTS_UNAVAILABLE', message, error);
  }
}

function tooFewPorts({
  first,
  count,
  skipped,
}: {
  first: number;
  count: number;
  skipped: readonly number[];
}): HostError {
  const inUse = skipped.length === 0 ? '' : ` (${skipped.length} of them in use)`;
  return new HostError(
    'PORTS_UNAVAILABLE',
    `${count} source ports from ${first} on run past ${LAST_PORT}${inUse}: ` +
      'start lower, or use fewer flows',
  );
}

function requireInteger(argument: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(`${argument} must be an integer from 1 to ${max}, got ${value}`);
}
