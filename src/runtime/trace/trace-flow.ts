/** Where a trace goes, and the one flow that its probes make. */

import { familyOf, type IpFamily } from '../../lib/ip-address.ts';
import { completeFlow, type Flow, probeLengthMin } from '../../probing/flow.ts';
import { resolveTarget } from '../calls/target.ts';
import { ownSource, requireHost } from '../host/host-address.ts';
import type { CompleteTraceOptions, TraceOptions } from './trace-options.ts';

/** Both ends of a measurement; 4 or 16 bytes each, of one family. */
export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** Ends on the network of this host. */
export interface HostEnds extends Ends {
  /** Interface index of a link-local destination. */
  readonly scopeId: number | undefined;
}

/** What decides about the ends. */
export interface EndsRequest {
  readonly family?: IpFamily | undefined;
  readonly interface?: string | undefined;
  readonly mark?: number | undefined;
  readonly source?: string | undefined;
}

/** Traces that start together often have one target: it is looked up once for all of them. */
const underWay = new Map<string, Promise<HostEnds>>();

/**
 * Looks a target up, and which of our addresses leads there.
 *
 * @throws {TargetError | HostError} when there is no such host, it is none of one host, the source
 *   is not ours, or no route leads there
 * @throws {RangeError} when the source is no address of the target's family
 */
export function hostEnds(
  target: string,
  { family, interface: device, mark, source }: EndsRequest,
): Promise<HostEnds> {
  const key = JSON.stringify([target, family, device, mark, source]);
  const known = underWay.get(key);
  if (known !== undefined) return known;
  const ends = lookedUp(target, { family, interface: device, mark, source });
  underWay.set(key, ends);
  return ends.finally(() => underWay.delete(key));
}

async function lookedUp(
  target: string,
  { family, interface: device, mark, source: given }: EndsRequest,
): Promise<HostEnds> {
  const { address: destination, scopeId } = await resolveTarget(target, family);
  requireHost(destination);
  if (given !== undefined) {
    return { source: await ownSource(given, destination), destination, scopeId };
  }
  const { sourceAddressFor } = await import('../host/source-address.ts');
  const source = sourceAddressFor(destination, { device, scopeId, mark });
  return { source, destination, scopeId };
}

/**
 * The flow of a trace between two ends.
 *
 * @throws {RangeError} for an option that packets of this family and protocol cannot have
 */
export function flowBetween(ends: Ends, given: TraceOptions, options: CompleteTraceOptions): Flow {
  const family = familyOf(ends.destination);
  requireFamilyFor(given, family);
  const { protocol, packetBytes, tos, dontFragment, flowLabel, seed, sourcePort } = options;
  const lengthMin = probeLengthMin(protocol, family);
  if (packetBytes !== undefined && packetBytes < lengthMin) {
    const message = `packetBytes must be at least ${lengthMin} for ${protocol}, got ${packetBytes}`;
    throw new RangeError(message);
  }
  return completeFlow({
    source: ends.source,
    destination: ends.destination,
    sourcePort,
    destinationPort: options.port ?? 1 + (seed % 0xfffe), // of ICMP the checksum
    protocol,
    tos,
    dontFragment,
    flowLabel,
    ...(packetBytes === undefined ? {} : { lengthBytes: packetBytes }),
  });
}

function requireFamilyFor({ flowLabel, dontFragment }: TraceOptions, family: IpFamily): void {
  if (family === 4 && flowLabel !== undefined) {
    throw new RangeError('flowLabel needs IPv6: packets of IPv4 have no flow label');
  }
  if (family === 6 && dontFragment === false) {
    throw new RangeError('dontFragment false needs IPv4: routers never fragment IPv6');
  }
}
