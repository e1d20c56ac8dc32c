/**
 * Which uplink each flow leaves by, on a host that has several equal ones. The kernel chooses by
 * the hash of a packet's five-tuple, but it does not look into packets that come ready made from a
 * raw socket: those would all take one way. So it is asked beforehand which device a socket with
 * these ports would use, and told it again with every packet.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { familyOf } from '../../lib/ip-address.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import type { DevicesOfPorts } from '../../native/raw-sender.ts';
import { RouteLookup, routeOf } from '../../native/route-lookup.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { ICMP_DIALECTS } from '../../wire/families.ts';
import { IP_PROTOCOL } from '../../wire/ip-protocol.ts';
import { HostError } from './host-error.ts';

export interface UplinkFlow {
  /** 4 or 16 bytes, network order; as is `destination`. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  readonly protocol: IsolateProtocol;
}

export interface Uplinks {
  /**
   * The device for each source port. Undefined where there is one uplink: a packet that names its
   * device is sent even when the route is gone, to nobody.
   */
  readonly devices: readonly DevicesOfPorts[] | undefined;
  /** What could not be done, a sentence each. */
  readonly notes: readonly string[];
}

const PORTS = 65_536;
/** Source ports that show whether there are several uplinks, however few flows there are. */
const SAMPLE_PORTS = Array.from({ length: 32 }, (_, i) => 2048 * i + 1024);
/** A device can be told to the kernel with a packet, a gateway cannot. */
const SHARED_DEVICE_NOTE =
  'several gateways share one device: flows may leave by another of them than a connection with ' +
  'the same ports would';

/** Asks the kernel for the way of every flow; where it does not tell, packets go as they come. */
export function uplinksOf(flow: UplinkFlow, sourcePorts: readonly number[]): Uplinks {
  const deviceOfPort = new Uint32Array(PORTS);
  try {
    const lookup = new RouteLookup();
    try {
      const gatewaysOf = new Map<number, Set<string>>();
      for (const sourcePort of [...sourcePorts, ...SAMPLE_PORTS]) {
        const question = { ...flow, protocol: protocolNumber(flow), sourcePort };
        const { device, gateway } = lookup.ask(question);
        deviceOfPort[sourcePort] = device;
        gatewaysOf.set(device, (gatewaysOf.get(device) ?? new Set()).add(`${gateway}`));
      }
      const shared = [...gatewaysOf].filter(([, gateways]) => gateways.size > 1);
      return {
        devices:
          gatewaysOf.size > 1 ? [{ destination: flow.destination, deviceOfPort }] : undefined,
        notes: shared.length === 0 ? [] : [SHARED_DEVICE_NOTE],
      };
    } finally {
      lookup.close();
    }
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return { devices: undefined, notes: [unknownNote(error)] };
  }
}

/** The same for flows to several destinations. */
export function uplinksOfAll(
  destinations: readonly Uint8Array[],
  flow: Omit<UplinkFlow, 'destination'>,
  sourcePorts: readonly number[],
): Uplinks {
  const all = destinations.map((destination) => uplinksOf({ ...flow, destination }, sourcePorts));
  const devices = all.flatMap((each) => each.devices ?? []);
  return {
    devices: devices.length === 0 ? undefined : devices,
    notes: [...new Set(all.flatMap(({ notes }) => notes))],
  };
}

/**
 * Refuses packets that are longer than the device of the route can send: the kernel would refuse
 * each of them. Where it does not tell the device, sending will show.
 *
 * @throws {HostError} SEND_REFUSED
 */
export function requireUplinkMtu(
  { source, destination }: Pick<UplinkFlow, 'source' | 'destination'>,
  packetBytes: number,
): void {
  const device = deviceTowards(source, destination);
  const found = readdirSync(DEVICES).find((name) => deviceNumber(name, 'ifindex') === device);
  const mtu = found === undefined ? Number.NaN : deviceNumber(found, 'mtu');
  if (!(packetBytes > mtu)) return;
  const message =
    `--packet-size: ${packetBytes} is longer than ${found} can send, whose MTU is ${mtu}: ` +
    'name a smaller size, or raise the MTU';
  throw new HostError('SEND_REFUSED', message);
}

const DEVICES = '/sys/class/net';

function deviceTowards(source: Uint8Array, destination: Uint8Array): number | undefined {
  try {
    return routeOf({ source, destination }).device;
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}

/** NaN where the kernel does not tell. */
function deviceNumber(name: string, file: 'ifindex' | 'mtu'): number {
  try {
    return Number(readFileSync(`${DEVICES}/${name}/${file}`, 'utf8'));
  } catch {
    return Number.NaN;
  }
}

function protocolNumber({ protocol, source }: UplinkFlow): number {
  if (protocol !== 'icmp') return IP_PROTOCOL[protocol];
  return ICMP_DIALECTS[familyOf(source)].protocol;
}

function unknownNote({ message }: SystemCallError): string {
  return `the kernel does not tell the uplink of each flow (${message}): all may leave by one`;
}
