/** Opens the station that a trace needs: shared by all traces of the process that agree on it. */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { TraceProtocol } from '../../model/trace-record.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { HostError } from '../host/host-error.ts';
import type { ReservedPorts } from '../host/reserved-ports.ts';
import { SharedResources } from '../links/shared-resources.ts';
import { hostStationParts } from '../links/station-parts.ts';
import { TraceStation } from './trace-station.ts';

/** What all traces of one station have in common. */
export interface StationTraits {
  readonly family: IpFamily;
  readonly device: string | undefined;
  readonly scopeId: number | undefined;
  readonly sourcePort: number;
  /** Whether no other port will do; else the first that is free from there on. */
  readonly isExact: boolean;
  /** Whether each trace has a port of its own that belongs to somebody else. */
  readonly isBorrowed: boolean;
  readonly packetBytesMax: number;
  readonly rates: PacerRates;
  readonly mark: number | undefined;
  readonly hasSendTimes: boolean;
  /** Where a receive ring listens, and for whom; undefined for raw sockets alone. */
  readonly ring: { readonly device: number; readonly source: readonly number[] } | undefined;
}

/** A station in use, and the port that its probes come from. */
export interface StationLease {
  readonly station: TraceStation;
  readonly sourcePort: number;
  /** Must be called once the trace is over. */
  release(): void;
}

type OpenStation = Omit<StationLease, 'release'>;

const PACKET_BYTES_STEP = 1504;
const stations = new SharedResources<OpenStation>(({ station }) => station.parts.close());

/** What a station without raw sockets is bound to. */
export interface UnprivilegedTraits {
  readonly source: Uint8Array;
  readonly protocol: TraceProtocol;
}

/**
 * The station of this host for such traces, opened unless it is open already: on raw sockets, or
 * where they are denied on sockets that need no right, by UDP and ICMP.
 *
 * @throws {HostError} when a right or a free source port is missing
 */
export async function leaseHostStation(
  traits: StationTraits,
  unprivileged: UnprivilegedTraits,
): Promise<StationLease> {
  const all = rounded(traits);
  try {
    return await leaseRawStation(all);
  } catch (error) {
    const isDenied = error instanceof HostError && error.code === 'RAW_SOCKET_DENIED';
    const isTcp = unprivileged.protocol === 'tcp' || unprivileged.protocol === 'tcp-ack';
    if (!isDenied || isTcp || traits.mark !== undefined) throw error;
  }
  const protocol = unprivileged.protocol === 'icmp' ? 'icmp' : 'udp';
  const source = unprivileged.source;
  const key = JSON.stringify({ ...all, protocol, source: [...source] });
  return lease(key, () => openUnprivileged(all, { protocol, source }));
}

/**
 * The same on raw sockets and nothing else.
 *
 * @throws {HostError} when a right or a free source port is missing
 */
export function leaseRawStation(traits: StationTraits): Promise<StationLease> {
  const all = rounded(traits);
  return lease(JSON.stringify(all), () => openHost(all));
}

/** Traces whose packets are almost as long share a station. */
function rounded(traits: StationTraits): StationTraits {
  const packetBytesMax = Math.ceil(traits.packetBytesMax / PACKET_BYTES_STEP) * PACKET_BYTES_STEP;
  return { ...traits, packetBytesMax };
}

async function lease(key: string, open: () => Promise<OpenStation>): Promise<StationLease> {
  const { resource, release } = await stations.lease(key, open);
  return { ...resource, release };
}

const NO_PORTS: ReservedPorts = { ports: [], skipped: [], close: () => {} };
const ANY_PORT = { low: 1, high: 65_535 };

async function openHost(traits: StationTraits): Promise<OpenStation> {
  const { family, device, scopeId, packetBytesMax, mark, hasSendTimes, isBorrowed, ring } = traits;
  const [{ openRawLink }, { reservePorts }] = await Promise.all([
    import('../links/raw-link.ts'),
    import('../host/reserved-ports.ts'),
  ]);
  const any = new Uint8Array(family === 4 ? 4 : 16);
  const transports = ['tcp', 'udp'] as const;
  const reserved = isBorrowed
    ? NO_PORTS
    : reservePorts({ family, first: traits.sourcePort, count: 1, transports });
  const sourcePort = reserved.ports[0] ?? traits.sourcePort;
  if (traits.isExact && !isBorrowed && sourcePort !== traits.sourcePort) {
    reserved.close();
    const message = `source port ${traits.sourcePort} is in use: name another, or none`;
    throw new HostError('PORTS_UNAVAILABLE', message);
  }
  try {
    const link = openRawLink({
      family,
      source: ring === undefined ? any : Uint8Array.from(ring.source),
      ringDevice: ring?.device,
      scopeId,
      device,
      mark,
      hasSendTimes,
      packetBytesMax,
      protocols: isBorrowed ? ['tcp'] : ['tcp', 'udp', 'icmp'],
      hearsDirectly: !isBorrowed, // what is said to a borrowed port is for its owner
      ports: isBorrowed ? ANY_PORT : { low: sourcePort, high: sourcePort },
      onReadable: () => station.readable(),
    });
    const close = (): void => {
      link.close();
      reserved.close();
    };
    const open = { link, rung: 'raw', notes: link.notes, close } as const;
    const { rates } = traits;
    const parts = hostStationParts(open, { family, rates, hasSendTimes });
    const station: TraceStation = new TraceStation(parts);
    return { station, sourcePort };
  } catch (error) {
    reserved.close();
    throw error;
  }
}

/** UDP with an error queue, or ping sockets. */
async function openUnprivileged(
  traits: StationTraits,
  { protocol, source }: { readonly protocol: 'udp' | 'icmp'; readonly source: Uint8Array },
): Promise<OpenStation> {
  const { family, device, scopeId, packetBytesMax, sourcePort, isExact } = traits;
  const { openDatagramLink } = await import('../links/datagram-link.ts');
  const link = openDatagramLink({
    family,
    protocol,
    source,
    port: sourcePort,
    isExact,
    packetBytesMax,
    scopeId,
    device,
    onReadable: () => station.readable(),
  });
  const rung = protocol === 'udp' ? 'udp-errors' : 'ping-socket';
  const notes = [NOTES[rung], ...(traits.hasSendTimes ? [ESTIMATED_NOTE] : [])];
  const open = { link, rung, notes, close: () => link.close() } as const;
  const parts = hostStationParts(open, { family, rates: traits.rates });
  const station: TraceStation = new TraceStation(parts);
  return { station, sourcePort: link.port };
}

const NOTES = {
  'udp-errors':
    'without CAP_NET_RAW: UDP sockets, which show no MPLS labels, no quoted TTL or TOS, and no ' +
    'router that quotes 8 bytes only',
  'ping-socket':
    'without CAP_NET_RAW: ping sockets, which show no MPLS labels and no quoted TTL or TOS',
} as const;

const ESTIMATED_NOTE = 'send times are estimated: these sockets do not tell the kernel’s';
