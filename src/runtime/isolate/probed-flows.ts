/**
 * The flows of a run: every source port once to each target in each traffic class. A port has one
 * flow label in all of them, so that its packets take one path as far as balancers look at
 * addresses, ports and labels.
 */

import { familyOf, formatIpAddress, type IpFamily } from '../../lib/ip-address.ts';
import type { Random } from '../../lib/random.ts';
import type { IsolateProtocol, IsolateRecord, TrafficClass } from '../../model/isolate-record.ts';
import { probeLengthMin } from '../../probing/flow.ts';
import type { FlowRequest } from '../../probing/probe-engine.ts';
import type { Network } from '../links/network.ts';
import type { MeasuredNetwork } from './isolate-run.ts';

/** What probes are to look like, as far as a run is told. */
export interface TrafficOptions {
  /** The one TOS or traffic class, 0–255, where `classes` names none. */
  readonly tos: number;
  /** `tcp` unless told. */
  readonly protocol?: IsolateProtocol;
  /** Probed side by side; one of `tos` and the shortest packets unless told. */
  readonly classes?: readonly ClassRequest[];
  /** IPv6 only: 0–0xfffff for all flows, or another one for each; `vary` unless told. */
  readonly flowLabel?: FlowLabel;
}

/** A traffic class to probe. */
export interface ClassRequest {
  readonly tos: number;
  /** Of whole packets; the shortest that the protocol permits unless told. */
  readonly packetBytes?: number;
}

/**
 * Each length with each TOS.
 *
 * @param packetSizes of whole packets; the shortest possible unless told
 */
export function classRequests(
  packetSizes: readonly number[] | undefined,
  tos: readonly number[],
): ClassRequest[] {
  const sizes: Pick<ClassRequest, 'packetBytes'>[] =
    packetSizes === undefined ? [{}] : packetSizes.map((packetBytes) => ({ packetBytes }));
  return sizes.flatMap((size) => tos.map((value) => ({ ...size, tos: value })));
}

export type FlowLabel = 'vary' | number;

/** One flow of a run. */
export interface ProbedFlow {
  readonly sourcePort: number;
  /** Index into the targets. */
  readonly targetIndex: number;
  /** Index into the classes. */
  readonly classIndex: number;
}

const FLOW_LABELS = 2 ** 20;

/** The targets of a run as its record names them. */
export function targetsOf(
  { destinations, port }: Pick<Network, 'destinations' | 'port'>,
  {
    targetNames,
    protocol,
  }: Pick<TrafficOptions, 'protocol'> & { readonly targetNames: readonly string[] },
): IsolateRecord['targets'] {
  return destinations.map((destination, index) => ({
    name: targetNames[index] ?? '',
    address: formatIpAddress(destination),
    port: protocol === 'icmp' ? null : port,
  }));
}

/** The classes of a run, at least one, with the lengths that their packets have. */
export function trafficClasses(
  { tos, protocol = 'tcp', classes = [{ tos }] }: TrafficOptions,
  family: IpFamily,
): TrafficClass[] {
  const shortest = probeLengthMin(protocol, family);
  return classes.map((each) => ({ tos: each.tos, packetBytes: each.packetBytes ?? shortest }));
}

/**
 * The flows of a run by number: in the first class all ports to the first target, then all to the
 * next; then all of the next class.
 */
export function probedFlows(
  {
    sourcePorts,
    destinations,
    flows,
  }: Pick<MeasuredNetwork, 'sourcePorts' | 'destinations' | 'flows'>,
  { classes = [{ tos: 0 }] }: Pick<TrafficOptions, 'classes'>,
): readonly ProbedFlow[] {
  if (flows !== undefined) return flows;
  return classes.flatMap((_, classIndex) =>
    destinations.flatMap((_address, targetIndex) =>
      sourcePorts.map((sourcePort) => ({ sourcePort, targetIndex, classIndex })),
    ),
  );
}

/** The same as the engine takes them. */
export function flowRequests(
  network: Pick<Network, 'source' | 'destinations' | 'port' | 'sourcePorts'>,
  options: TrafficOptions,
  random: Random,
): FlowRequest[] {
  const { protocol = 'tcp', flowLabel = 'vary' } = options;
  const { source, destinations, port, sourcePorts } = network;
  const classes = trafficClasses(options, familyOf(source));
  const labels = new Map(
    sourcePorts.map((sourcePort) => [sourcePort, labelOf(flowLabel, random)] as const),
  );
  return probedFlows(network, options).map(({ sourcePort, targetIndex, classIndex }) => {
    const { tos = 0, packetBytes = 0 } = classes[classIndex] ?? {};
    const destination = destinations[targetIndex] ?? source;
    return {
      destination,
      sourcePort,
      flowLabel: labels.get(sourcePort) ?? 0,
      protocol,
      // Balancers hash the checksum of an echo in the place of ports: another one makes a flow.
      destinationPort: protocol === 'icmp' ? sourcePort : port,
      tos,
      lengthBytes: packetBytes,
    };
  });
}

function labelOf(flowLabel: FlowLabel, random: Random): number {
  return flowLabel === 'vary' ? random.below(FLOW_LABELS) : flowLabel;
}
