/**
 * A flow as the prober chooses it: everything in a probe's headers that may decide its path. What
 * tells the probes of one flow apart is left to the writers of each protocol.
 */

import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import { IP_HEADER_BYTES } from '../wire/families.ts';
import { ICMP_HEADER_BYTES } from '../wire/icmp.ts';
import { TCP_HEADER_BYTES } from '../wire/tcp.ts';
import { UDP_HEADER_BYTES } from '../wire/udp.ts';

/**
 * `tcp` sends SYNs, `tcp-ack` segments as of a connection that is there; `udp-classic` counts the
 * destination port up with every probe, as the first traceroutes did.
 */
export type ProbeProtocol = 'tcp' | 'tcp-ack' | 'udp' | 'udp-classic' | 'icmp';

/** The header fields that the flows of a run usually share. */
export interface ProbeEndpoints {
  /** 4 or 16 bytes, both of one family. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /**
   * TCP and UDP: the port, of `udp-classic` the first one. ICMP has none, and balancers hash the
   * checksum in its place (Augustin 2006): 1–0xfffe, the same in every probe.
   */
  readonly destinationPort: number;
  /** TOS or traffic class, 0–255. */
  readonly tos: number;
  /** `tcp` unless told. */
  readonly protocol?: ProbeProtocol;
  /** Of the whole packet; as short as the protocol permits unless told. */
  readonly lengthBytes?: number;
  /** IPv4 only; true unless told. */
  readonly dontFragment?: boolean;
}

/** The header fields that make a flow. */
export interface FlowId {
  /** Of ICMP the identifier. */
  readonly sourcePort: number;
  /** IPv6 only: 0–0xfffff. */
  readonly flowLabel: number;
}

/** A flow in full. */
export type Flow = Required<ProbeEndpoints> & FlowId & { readonly payload: Uint8Array };

const LENGTH_MAX = 65_535;
const TRANSPORT_BYTES = {
  tcp: TCP_HEADER_BYTES,
  'tcp-ack': TCP_HEADER_BYTES,
  udp: UDP_HEADER_BYTES,
  'udp-classic': UDP_HEADER_BYTES,
  icmp: ICMP_HEADER_BYTES,
} as const;
/** Room for the token, where the payload has it, and for what keeps the checksum as it is to be. */
export const PAYLOAD_BYTES_MIN = {
  tcp: 0,
  'tcp-ack': 0,
  udp: 6,
  'udp-classic': 6,
  icmp: 6,
} as const;

/** The shortest probe of a protocol, in bytes from the IP header on. */
export function probeLengthMin(protocol: ProbeProtocol, family: IpFamily): number {
  return IP_HEADER_BYTES[family] + TRANSPORT_BYTES[protocol] + PAYLOAD_BYTES_MIN[protocol];
}

/**
 * Fills in what a flow leaves open.
 *
 * @throws {RangeError} when a field is out of its range; nothing is cut
 */
export function completeFlow(flow: ProbeEndpoints & FlowId): Flow {
  const { source, destination, sourcePort, destinationPort, tos, flowLabel } = flow;
  const { protocol = 'tcp', dontFragment = true } = flow;
  const addressBytes = destination.length === 4 ? 4 : 16;
  if (source.length !== addressBytes || destination.length !== addressBytes) {
    const lengths = `${source.length} and ${destination.length}`;
    throw new RangeError(`source and destination must both have 4 or 16 bytes, got ${lengths}`);
  }
  requireInteger('sourcePort', sourcePort, 0, 0xffff);
  const isIcmp = protocol === 'icmp';
  requireInteger('destinationPort', destinationPort, isIcmp ? 1 : 0, isIcmp ? 0xfffe : 0xffff);
  requireInteger('tos', tos, 0, 0xff);
  requireInteger('flowLabel', flowLabel, 0, 0xfffff);
  const lengthMin = probeLengthMin(protocol, familyOf(destination));
  const lengthBytes = flow.lengthBytes ?? lengthMin;
  requireInteger('lengthBytes', lengthBytes, lengthMin, LENGTH_MAX);
  const payloadBytes = lengthBytes - lengthMin + PAYLOAD_BYTES_MIN[protocol];
  return {
    source,
    destination,
    sourcePort,
    destinationPort,
    tos,
    flowLabel,
    protocol,
    dontFragment,
    lengthBytes,
    payload: payloadOf(payloadBytes),
  };
}

/** Short ones are shared, as writers only read them. */
function payloadOf(lengthBytes: number): Uint8Array {
  return SHORT[lengthBytes] ?? new Uint8Array(lengthBytes);
}

const SHORT: readonly Uint8Array[] = Array.from(
  { length: 65 },
  (_, bytes) => new Uint8Array(bytes),
);

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be an integer in [${min}, ${max}], got ${value}`);
}
