/** Opens the network that a multipath search runs on, and hands out its flows one by one. */

import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import type { LinkCounters, PacketLink } from '../model/packet-link.ts';
import type { FlowRequest } from '../probing/probe-engine.ts';
import { TOKEN_KEY_WORDS, type TokenKey } from '../probing/probe-token.ts';
import type { Scenario } from '../sim/scenario.ts';
import { HostError } from './host-error.ts';
import { openSimulatedNetwork } from './network.ts';
import { ownAddresses } from './own-addresses.ts';
import type { CompletePathsOptions } from './paths-options.ts';
import { HostTimeline, type Timeline } from './timeline.ts';

/** An open network. */
export interface PathsNetwork {
  readonly link: PacketLink;
  readonly timeline: Timeline;
  /** 4 or 16 bytes, both of one family. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly tokenKey: TokenKey;
  readonly ownAddresses: readonly Uint8Array[];
  readonly notes: readonly string[];
  /** The fields of a flow, by its number; undefined when no port is left for it. */
  flowAt(flow: number): FlowRequest | undefined;
  counters(): LinkCounters;
  close(): void;
}

/** Opens a simulated network. */
export function openSimulatedPaths(
  scenario: Scenario,
  options: CompletePathsOptions,
  family: IpFamily | undefined,
): PathsNetwork {
  const { seed, sourcePort } = options;
  const overrides = { seed, ...(family === undefined ? {} : { family }) };
  const network = openSimulatedNetwork(scenario, { sourcePort, flows: 1 }, overrides);
  return {
    link: network.link,
    timeline: network.timeline,
    source: network.source,
    destination: network.destinations[0] ?? network.source,
    tokenKey: network.tokenKey,
    ownAddresses: [],
    notes: [],
    flowAt: (flow) =>
      flowFields(
        flow,
        options.flowField === 'source-port' ? sourcePort + flow : sourcePort,
        options,
      ),
    counters: () => network.counters(),
    close: () => network.close(),
  };
}

/** What the host's network is opened for. */
export interface HostPathsRequest {
  readonly destination: Uint8Array;
  readonly scopeId: number | undefined;
  readonly device: string | undefined;
  readonly source: Uint8Array | undefined;
}

/**
 * Opens raw sockets. Source ports are taken as flows come into use.
 *
 * @throws {HostError} when a right, a route or a free source port is missing
 */
export async function openHostPaths(
  { destination, scopeId, device, source: given }: HostPathsRequest,
  options: CompletePathsOptions,
): Promise<PathsNetwork> {
  const [{ openRawLink }, { sourceAddressFor }, { FlowPorts }, { uplinksOf }] = await Promise.all([
    import('./raw-link.ts'),
    import('./source-address.ts'),
    import('./flow-ports.ts'),
    import('./uplinks.ts'),
  ]);
  const family = familyOf(destination);
  const timeline = new HostTimeline();
  const source = given ?? sourceAddressFor(destination, { device, scopeId });
  const { protocol, flowField, sourcePort, settings } = options;
  const count = flowField === 'source-port' ? settings.flowsMax : 1;
  const ports = new FlowPorts({ family, protocol, first: sourcePort, count });
  try {
    const first = ports.at(0);
    if (first === undefined) {
      const message = `no source port from ${sourcePort} to ${ports.last} is free: name another`;
      throw new HostError('PORTS_UNAVAILABLE', message);
    }
    // Of several uplinks of ours the kernel would take one for all: here flows part, too.
    const isSteered = device === undefined && scopeId === undefined && flowField === 'source-port';
    const flow = { source, destination, destinationPort: options.port, protocol };
    const numbers = Array.from({ length: ports.last - first + 1 }, (_, i) => first + i);
    const uplinks = isSteered ? uplinksOf(flow, numbers) : undefined;
    const link = openRawLink({
      devices: uplinks?.devices,
      family,
      source,
      destination,
      scopeId,
      device,
      protocols: [protocol],
      ports: { low: first, high: ports.last },
      onReadable: () => timeline.wake(),
    });
    return {
      link,
      timeline,
      source,
      destination,
      tokenKey: crypto.getRandomValues(new Uint32Array(TOKEN_KEY_WORDS)),
      ownAddresses: ownAddresses().filter((own) => familyOf(own) === family),
      notes: [...link.notes, ...(uplinks?.notes ?? [])],
      flowAt: (flow) => {
        const port = ports.at(flowField === 'source-port' ? flow : 0);
        return port === undefined ? undefined : flowFields(flow, port, options);
      },
      counters: () => link.counters(),
      close: () => {
        link.close();
        ports.close();
      },
    };
  } catch (error) {
    ports.close();
    throw error;
  }
}

function flowFields(
  flow: number,
  sourcePort: number,
  { flowField, port, seed }: CompletePathsOptions,
): FlowRequest {
  const isInPort = flowField === 'destination-port' || flowField === 'checksum';
  const label = seed & 0xfffff;
  return {
    sourcePort,
    destinationPort: isInPort ? port + flow : port,
    flowLabel: flowField === 'flow-label' ? (label + flow) & 0xfffff : label,
  };
}
