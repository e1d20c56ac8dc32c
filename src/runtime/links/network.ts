/** Where a run takes place: the host's network by raw sockets, or a simulated one. */

import { familyOf, type IpFamily, parseIpAddress } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { IsolateProtocol, LoopDelays } from '../../model/isolate-record.ts';
import type { PacketLink } from '../../model/packet-link.ts';
import { TOKEN_KEY_WORDS, type TokenKey } from '../../probing/probe-token.ts';
import { type NetworkPlan, planNetwork } from '../../sim/network-plan.ts';
import type { Scenario } from '../../sim/scenario.ts';
import { SimulatedLink } from '../../sim/simulated-link.ts';
import { ownAddresses } from '../host/own-addresses.ts';
import { type Timeline, VirtualTimeline } from '../timeline.ts';
import { openReservedLink } from './reserved-link.ts';

/** An open network, ready to probe one target or several. */
export interface Network {
  readonly link: PacketLink;
  readonly timeline: Timeline;
  /** 4 or 16 bytes, network order; all of one family. */
  readonly source: Uint8Array;
  /** One for each target. */
  readonly destinations: readonly Uint8Array[];
  readonly port: number;
  /** One for each flow to a target. */
  readonly sourcePorts: readonly number[];
  readonly skippedPorts: readonly number[];
  readonly tokenKey: TokenKey;
  /** All of this host, of any family; none where it is simulated. */
  readonly ownAddresses?: readonly Uint8Array[];
  readonly notes: readonly string[];
  /** Of a network that repeats a recorded run: what the record holds beside the measurement. */
  readonly replayed?: { readonly startedAt: string; readonly loopDelays: LoopDelays };
  close(): void;
}

/** Which source ports to probe from. */
export interface PortRange {
  /** The first … */
  readonly sourcePort: number;
  /** … of so many, ports in use left out. */
  readonly flows: number;
  /** These and no others, in the place of the range. */
  readonly givenPorts?: readonly number[] | undefined;
}

/**
 * Opens a simulated network.
 *
 * @param overrides the family and port to probe, where not the scenario's own
 */
export function openSimulatedNetwork(
  scenario: Scenario,
  { sourcePort, flows, givenPorts }: PortRange,
  overrides: {
    readonly family?: IpFamily;
    readonly port?: number;
    readonly seed: number;
    /** The longest packet to send. */
    readonly packetBytesMax?: number;
    /** How many of the scenario's targets to probe: the usual one alone unless told. */
    readonly targets?: number;
  },
): Network {
  const { family, port, seed, packetBytesMax = 0, targets = 1 } = overrides;
  const plan: NetworkPlan = planNetwork(scenario, family === undefined ? {} : { family });
  const link = new SimulatedLink(plan, packetBytesMax > MTU ? { slotBytes: packetBytesMax } : {});
  const keys = new Random(seed);
  return {
    link,
    timeline: new VirtualTimeline(),
    source: addressBytes(plan.source[plan.family]),
    destinations: [plan.target, ...plan.otherTargets]
      .slice(0, targets)
      .map(({ address }) => addressBytes(address[plan.family])),
    port: port ?? plan.target.port,
    sourcePorts: givenPorts ?? Array.from({ length: flows }, (_, flow) => sourcePort + flow),
    skippedPorts: [],
    tokenKey: Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => keys.uint32()),
    notes: [],
    close: () => link.close(),
  };
}

/** Of Ethernet: room for this much there is anyway. */
const MTU = 1500;

export interface HostNetworkOptions extends PortRange {
  readonly destinations: readonly Uint8Array[];
  readonly port: number;
  /** Interface index of link-local destinations. */
  readonly scopeId?: number | undefined;
  /** Our address; by default that of the kernel's own route. */
  readonly source?: Uint8Array | undefined;
  readonly device?: string | undefined;
  /** What is sent; `tcp` unless told. */
  readonly protocol?: IsolateProtocol;
  /** The longest packet to send; as short as the protocol permits unless told. */
  readonly packetBytesMax?: number | undefined;
}

/**
 * Opens raw sockets for one target or several.
 *
 * @throws {HostError} when a right, a route or free source ports are missing, or packets are longer
 *   than the way out permits
 */
export async function openHostNetwork(options: HostNetworkOptions): Promise<Network> {
  const { destinations, scopeId, device, sourcePort, flows, givenPorts } = options;
  const { protocol = 'tcp', packetBytesMax = 0 } = options;
  const [uplinkParts, { sharedSourceFor }] = await Promise.all([
    import('../host/uplinks.ts'),
    import('../host/source-address.ts'),
  ]);
  const source = options.source ?? sharedSourceFor(destinations, { device, scopeId });
  const { uplinksOfAll, requireUplinkMtu } = uplinkParts;
  for (const destination of destinations) requireUplinkMtu({ source, destination }, packetBytesMax);
  const isSteered = device === undefined && scopeId === undefined;
  const flow = { source, destinationPort: options.port, protocol };
  let uplinks: ReturnType<typeof uplinksOfAll> | undefined;
  const wanted = { family: familyOf(source), protocol, first: sourcePort, count: flows };
  const open = await openReservedLink({ ...wanted, given: givenPorts }, (ports) => {
    uplinks = isSteered ? uplinksOfAll(destinations, flow, ports) : undefined;
    return {
      devices: uplinks?.devices,
      source,
      destination: destinations.length === 1 ? destinations[0] : undefined,
      ...(packetBytesMax > 0 ? { packetBytesMax } : {}),
      scopeId,
      device,
    };
  });
  const { link, timeline, ports, skippedPorts, close } = open;
  return {
    link,
    timeline,
    source,
    destinations,
    port: options.port,
    sourcePorts: ports,
    skippedPorts,
    tokenKey: crypto.getRandomValues(new Uint32Array(TOKEN_KEY_WORDS)),
    ownAddresses: ownAddresses(),
    notes: [...link.notes, ...(uplinks?.notes ?? [])],
    close,
  };
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new RangeError(`not an address: ${text}`);
  return bytes;
}
