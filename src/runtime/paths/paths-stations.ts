/**
 * Opens the stations that multipath searches of this host run on: on raw sockets, or where these
 * are denied on sockets that need no right, one for each source port.
 */

import type { IpFamily } from '../../lib/ip-address.ts';
import { HostError } from '../host/host-error.ts';
import type { Uplinks } from '../host/uplinks.ts';
import { hostStationParts } from '../links/station-parts.ts';
import type { CompletePathsOptions } from './paths-options.ts';
import { PathsStation } from './paths-station.ts';

/** A station, and the ports of its flows. */
export interface OpenStation {
  readonly station: PathsStation;
  /** The source port of a flow that differs in it; undefined when none is left. */
  readonly portAt: (flow: number) => number | undefined;
}

/** What all searches of one station have in common. */
export interface StationTraits {
  readonly family: IpFamily;
  readonly device: string | undefined;
  readonly scopeId: number | undefined;
  readonly protocol: CompletePathsOptions['protocol'];
  readonly sourcePort: number;
  /** Source ports, at most. */
  readonly ports: number;
  readonly rates: CompletePathsOptions['rates'];
}

const PRIVILEGED_PORTS = 1024;

/**
 * On raw sockets.
 *
 * @throws {HostError} when a right or a free source port is missing
 */
export async function openRawStation(
  traits: StationTraits,
  devices: Uplinks['devices'],
): Promise<OpenStation> {
  const { family, device, scopeId, protocol, sourcePort, ports: count, rates } = traits;
  const [{ openRawLink }, { FlowPorts }] = await Promise.all([
    import('../links/raw-link.ts'),
    import('../host/flow-ports.ts'),
  ]);
  const ports = new FlowPorts({ family, protocol, first: sourcePort, count });
  try {
    const first = ports.at(0);
    if (first === undefined) throw noPort(sourcePort, ports.last);
    ports.at(Math.min(count, PRIVILEGED_PORTS - first) - 1); // while there is still a right to them
    const link = openRawLink({
      devices,
      family,
      source: anyAddress(family),
      scopeId,
      device,
      protocols: [protocol],
      ports: { low: first, high: ports.last },
      onReadable: () => station.readable(),
    });
    const close = (): void => {
      link.close();
      ports.close();
    };
    const open = { link, rung: 'raw', notes: link.notes, close } as const;
    const station: PathsStation = new PathsStation(hostStationParts(open, { family, rates }));
    return { station, portAt: (flow) => ports.at(flow) };
  } catch (error) {
    ports.close();
    throw error;
  }
}

const NOTES = {
  'udp-errors':
    'without CAP_NET_RAW: UDP sockets, which show no MPLS labels, no translators, no ' +
    'identifications to tell routers by, and no router that quotes 8 bytes only',
  'ping-socket':
    'without CAP_NET_RAW: ping sockets, which show no MPLS labels, no translators and no ' +
    'identifications to tell routers by',
} as const;

/**
 * On UDP sockets with an error queue, one for each source port that flows differ in, or on a ping
 * socket.
 *
 * @throws {HostError} PING_SOCKET_DENIED, PORTS_UNAVAILABLE
 */
export async function openDatagramStation(
  traits: StationTraits,
  { source, protocol }: { readonly source: Uint8Array; readonly protocol: 'udp' | 'icmp' },
): Promise<OpenStation> {
  const { family, device, scopeId, sourcePort, ports: count, rates } = traits;
  const [{ openDatagramLink }, { lastPortOf }] = await Promise.all([
    import('../links/datagram-link.ts'),
    import('../host/flow-ports.ts'),
  ]);
  const last = lastPortOf({ first: sourcePort, count });
  const shared = { family, protocol, source, scopeId, device };
  const link = openDatagramLink({
    ...shared,
    port: sourcePort,
    isExact: false,
    packetBytesMax: PACKET_BYTES_MAX,
    onReadable: () => station.readable(),
  });
  if (link.port > last) {
    link.close();
    throw noPort(sourcePort, last);
  }
  const rung = protocol === 'udp' ? 'udp-errors' : 'ping-socket';
  const open = { link, rung, notes: [NOTES[rung]], close: () => link.close() } as const;
  const station: PathsStation = new PathsStation(hostStationParts(open, { family, rates }));
  const ports = [link.port];
  const portAt = (flow: number): number | undefined => {
    while (ports.length <= flow) {
      const port = link.openPort((ports.at(-1) ?? sourcePort) + 1, last);
      if (port === undefined) return undefined;
      ports.push(port);
    }
    return ports[flow];
  };
  return { station, portAt };
}

/** More than any probe of a search has. */
const PACKET_BYTES_MAX = 128;

function anyAddress(family: IpFamily): Uint8Array {
  return new Uint8Array(family === 4 ? 4 : 16);
}

function noPort(first: number, last: number): HostError {
  const message = `no source port from ${first} to ${last} is free: name another`;
  return new HostError('PORTS_UNAVAILABLE', message);
}
