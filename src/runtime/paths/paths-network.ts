/**
 * Opens the network that multipath searches run on, shared by all searches of the process that
 * agree on it, and hands out the flows of each.
 */

import { familyOf, type IpFamily } from '../../lib/ip-address.ts';
import type { FlowField } from '../../model/paths-record.ts';
import type { FlowId, ProbeEndpoints } from '../../probing/flow.ts';
import type { FlowRequest } from '../../probing/probe-engine.ts';
import type { Scenario } from '../../sim/scenario.ts';
import { literalFamily } from '../calls/target.ts';
import { HostError } from '../host/host-error.ts';
import type { Uplinks } from '../host/uplinks.ts';
import { type Lease, SharedResources } from '../links/shared-resources.ts';
import { openSimulatedParts } from '../links/simulated-parts.ts';
import type { CompletePathsOptions, PathsOptions } from './paths-options.ts';
import { PathsStation } from './paths-station.ts';
import {
  type OpenStation,
  openDatagramStation,
  openRawStation,
  type StationTraits,
} from './paths-stations.ts';

/** A network in use by one search. */
export interface PathsNetwork {
  readonly station: PathsStation;
  /** 4 or 16 bytes, both of one family. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** What spoils this search or all of the network, a sentence each. */
  readonly notes: readonly string[];
  /** The fields of a flow, by its number; undefined when no port is left for it. */
  flowAt(flow: number): FlowRequest | undefined;
  /** Must be called once the search is over. */
  release(): void;
}

/** Opens a simulated network of its own, in virtual time. */
export function openSimulatedPaths(
  scenario: Scenario,
  options: CompletePathsOptions,
  family: IpFamily | undefined,
): PathsNetwork {
  const { sourcePort, flowField } = options;
  const { parts, ...ends } = openSimulatedParts(scenario, { ...options, family });
  requireFlowLabels(flowField, ends.source);
  const station = new PathsStation(parts);
  return {
    station,
    ...ends,
    notes: [],
    flowAt: (flow) => {
      const port = flowField === 'source-port' ? sourcePort + flow : sourcePort;
      return flowFields(flow, port, { ...options, ...ends });
    },
    release: () => parts.close(),
  };
}

/** What the host's network is opened for. */
export interface HostPathsRequest {
  readonly destination: Uint8Array;
  readonly scopeId: number | undefined;
  readonly device: string | undefined;
  readonly source: Uint8Array | undefined;
}

const stations = new SharedResources<OpenStation>(({ station }) => station.parts.close());

/**
 * The network of this host for such a search. Source ports are taken as flows come into use.
 *
 * @throws {HostError} when a right, a route or a free source port is missing
 */
export async function openHostPaths(
  { destination, scopeId, device, source: given }: HostPathsRequest,
  options: CompletePathsOptions,
): Promise<PathsNetwork> {
  const { sourceAddressFor } = await import('../host/source-address.ts');
  const family = familyOf(destination);
  const source = given ?? sourceAddressFor(destination, { device, scopeId });
  const { protocol, flowField, sourcePort, settings, rates } = options;
  requireFlowLabels(flowField, source);
  const ports = flowField === 'source-port' ? settings.flowsMax : 1;
  const traits = { family, device, scopeId, protocol, sourcePort, ports, rates };
  const ends = { source, destination };
  const { devices, notes } = await steering(traits, { ...ends, port: options.port });
  const { resource, release } = await leased(traits, { devices, source, flowField });
  const { station, portAt } = resource;
  return {
    station,
    ...ends,
    notes: [...station.parts.notes, ...notes],
    flowAt: (flow) => {
      const port = portAt(ports === 1 ? 0 : flow);
      return port === undefined ? undefined : flowFields(flow, port, { ...options, ...ends });
    },
    release,
  };
}

/** On raw sockets, or where these are denied on those that need no right, as far as they do. */
async function leased(
  traits: StationTraits,
  {
    devices,
    source,
    flowField,
  }: Pick<Uplinks, 'devices'> & { readonly source: Uint8Array; readonly flowField: FlowField },
): Promise<Lease<OpenStation>> {
  try {
    // What is steered port by port is so for one target only.
    const key = devices === undefined ? JSON.stringify(traits) : undefined;
    return await stations.lease(key, () => openRawStation(traits, devices));
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'RAW_SOCKET_DENIED') throw error;
    const { protocol } = traits;
    if (protocol === 'tcp') throw needsRaw('TCP', error);
    if (flowField === 'flow-label') throw needsRaw('the choice of flow labels', error);
    const key = JSON.stringify({ ...traits, source: [...source] });
    return stations.lease(key, () => openDatagramStation(traits, { source, protocol }));
  }
}

/** With what needs no right in front of how to get it. */
function needsRaw(what: string, denied: HostError): HostError {
  const [, ...advice] = denied.message.split('\n');
  const message =
    `${what} needs raw sockets, and those the capability CAP_NET_RAW, which this process lacks; ` +
    '--protocol udp with flows that differ in ports can do without';
  return new HostError('RAW_SOCKET_DENIED', [message, ...advice].join('\n'));
}

/**
 * Opens the raw sockets that searches with these options are going to share, of both families:
 * after it the right to open them can be given up. Searches whose flows are spread over several
 * uplinks of ours open sockets of their own all the same.
 *
 * @returns how to close them, unless a search still runs
 * @throws {HostError} when none of the families can be served
 */
export async function holdPathsSockets(
  options: CompletePathsOptions,
): Promise<{ release(): void }> {
  const { protocol, flowField, sourcePort, settings, rates } = options;
  const ports = flowField === 'source-port' ? settings.flowsMax : 1;
  const shared = { device: undefined, scopeId: undefined, protocol, sourcePort, ports, rates };
  const opening = ([4, 6] as const).map((family) => {
    const traits = { family, ...shared };
    return stations.lease(JSON.stringify(traits), () => openRawStation(traits, undefined));
  });
  const opened = await Promise.allSettled(opening);
  const refusals = opened.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (refusals.length === opened.length) throw refusals[0];
  return {
    release: () => {
      for (const each of opened) if (each.status === 'fulfilled') each.value.release();
    },
  };
}

/** Of several uplinks of ours the kernel would take one for all: here flows part, too. */
async function steering(
  { device, scopeId, ports, sourcePort, protocol }: StationTraits,
  { port, ...ends }: Ends & { readonly port: number },
): Promise<Uplinks> {
  const isFixed = device !== undefined || scopeId !== undefined || ports === 1;
  if (isFixed) return { devices: undefined, notes: [] };
  const [{ uplinksOf }, { lastPortOf }] = await Promise.all([
    import('../host/uplinks.ts'),
    import('../host/flow-ports.ts'),
  ]);
  const last = lastPortOf({ first: sourcePort, count: ports });
  const numbers = Array.from({ length: last - sourcePort + 1 }, (_, i) => sourcePort + i);
  return uplinksOf({ ...ends, destinationPort: port, protocol }, numbers);
}

type Ends = Pick<PathsNetwork, 'source' | 'destination'>;

/** A flow of a search. */
export function flowFields(
  flow: number,
  sourcePort: number,
  { flowField, port, seed, protocol, tos, source, destination }: CompletePathsOptions & Ends,
): ProbeEndpoints & FlowId {
  const isInPort = flowField === 'destination-port' || flowField === 'checksum';
  const label = seed & 0xfffff;
  return {
    source,
    destination,
    protocol,
    tos,
    sourcePort,
    destinationPort: isInPort ? port + flow : port,
    flowLabel: flowField === 'flow-label' ? (label + flow) & 0xfffff : label,
  };
}

/**
 * Of which family the target is to be: only IPv6 has flow labels. An address has its own, unless
 * it is simulated, where it is a mere name.
 */
export function wantedFamily(
  target: string,
  { family, simulate }: Pick<PathsOptions, 'family' | 'simulate'>,
  flowField: FlowField,
): IpFamily | undefined {
  if (family !== undefined || flowField !== 'flow-label') return family;
  const isFixed = simulate === undefined && literalFamily(target) !== undefined;
  return isFixed ? undefined : 6;
}

/** @throws {RangeError} where flows are to differ in what their packets do not have */
export function requireFlowLabels(flowField: FlowField, source: Uint8Array): void {
  if (flowField !== 'flow-label' || familyOf(source) === 6) return;
  throw new RangeError('flowField flow-label needs IPv6: packets of IPv4 have no flow label');
}
