/** Where a sweep takes place: this host's network by raw sockets, or a simulated one. */

import type { AddressSet } from '../../lib/address-ranges.ts';
import { familyOf, type IpFamily, parseIpAddress } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { LinkCounters, PacketLink } from '../../model/packet-link.ts';
import type { TokenKey } from '../../probing/probe-token.ts';
import type { SweepProtocol } from '../../probing/sweep/sweep-packet.ts';
import { SWEEP_KEY_WORDS } from '../../probing/sweep/sweep-token.ts';
import { planNetwork } from '../../sim/network-plan.ts';
import type { Scenario } from '../../sim/scenario.ts';
import { SimulatedLink } from '../../sim/simulated-link.ts';
import { ownAddresses } from '../host/own-addresses.ts';
import { openReservedLink } from '../links/reserved-link.ts';
import { type Timeline, VirtualTimeline } from '../timeline.ts';
import type { SweepSettings } from './sweep-settings.ts';

/** The name of the made-up Internet, where a scenario could be named as well. */
const SIMULATED_INTERNET = 'internet';

export interface SweepNetwork {
  readonly link: PacketLink;
  readonly timeline: Timeline;
  readonly source: Uint8Array;
  readonly tokenKey: TokenKey;
  readonly ownAddresses: readonly Uint8Array[];
  /** What the reader of the record ought to know, by now. */
  readonly notes: readonly string[];
  counters(): LinkCounters;
  close(): void;
}

/** Which network that is. */
export interface SweepPlace {
  /** `internet`, a shipped scenario or a file; undefined for that of this host. */
  readonly simulate: string | undefined;
  /** An address of this host. */
  readonly source: string | undefined;
  /** Name of the device to send by. */
  readonly device: string | undefined;
  /** Whether packet sockets send, past the routes and the firewall of this host. */
  readonly sendsFrames: boolean;
  /** Whether replies are read from memory shared with the kernel, before that firewall. */
  readonly receivesByRing: boolean;
}

export interface SweepNetworkOptions {
  readonly family: IpFamily;
  readonly protocol: SweepProtocol;
  readonly sourcePort: number;
  readonly flows: number;
  readonly seed: number;
}

/**
 * Opens what the place says.
 *
 * @throws {HostError} as `openHostSweep`, and when the source is not ours
 * @throws {RangeError} as `openSimulatedSweep`, and for a source of another family
 */
export async function openSweepNetwork(
  { simulate, source, device, ...sockets }: SweepPlace,
  { settings, targets }: { readonly settings: SweepSettings; readonly targets: AddressSet },
): Promise<SweepNetwork> {
  const { protocol, sourcePort, flows, seed } = settings;
  const { family } = targets;
  const shape = { family, protocol, sourcePort, flows, seed };
  if (simulate === SIMULATED_INTERNET) return openSimulatedSweep(SIMULATED_INTERNET, shape);
  if (simulate !== undefined) {
    const { loadScenario } = await import('../scenario-files.ts');
    return openSimulatedSweep(loadScenario(simulate).scenario, shape);
  }
  const first = new Uint8Array(family === 4 ? 4 : 16);
  targets.writeAddress(0, first, 0);
  const { ownSource } = await import('../host/host-address.ts');
  const from = source === undefined ? undefined : await ownSource(source, first);
  return openHostSweep(targets, { ...shape, source: from, device, ...sockets });
}

/**
 * A simulated network in which every target exists: the made-up Internet, or a scenario's, with all
 * of them in the place of its one target.
 *
 * @throws {RangeError} for IPv6 where the network has none
 */
export async function openSimulatedSweep(
  network: typeof SIMULATED_INTERNET | Scenario,
  { family, seed }: Pick<SweepNetworkOptions, 'family' | 'seed'>,
): Promise<SweepNetwork> {
  const random = new Random(seed);
  const tokenKey = Uint32Array.from({ length: SWEEP_KEY_WORDS }, () => random.uint32());
  const shared = {
    timeline: new VirtualTimeline(),
    tokenKey,
    ownAddresses: [],
    notes: [],
  };
  if (network === SIMULATED_INTERNET) {
    if (family !== 4) throw new RangeError('the simulated Internet has IPv4 alone');
    const [{ SimulatedInternet }, { INTERNET_SOURCE }] = await Promise.all([
      import('../../sim/internet/simulated-internet.ts'),
      import('../../sim/internet/internet-map.ts'),
    ]);
    const link = new SimulatedInternet({ seed });
    const counters = (): LinkCounters => link.counters();
    return { ...shared, link, source: INTERNET_SOURCE, counters, close: () => link.close() };
  }
  const plan = planNetwork(network, { family, seed });
  const link = new SimulatedLink(plan, { isTarget: () => true });
  const source = parseIpAddress(plan.source[family]) ?? new Uint8Array();
  return { ...shared, link, source, counters: () => link.counters(), close: () => link.close() };
}

/**
 * Raw sockets of this host.
 *
 * @param targets the route to the first tells the source address where none is given
 * @throws {HostError} when a right, a route or free source ports are missing, targets have too many
 *   gateways or none where packet sockets are to send, or a ring is not possible at their device
 */
async function openHostSweep(
  targets: AddressSet,
  options: SweepNetworkOptions & {
    readonly source?: Uint8Array | undefined;
    readonly device?: string | undefined;
    /** Whether packet sockets send, past the routes and the firewall of this host. */
    readonly sendsFrames: boolean;
    /**
     * Whether short replies are read from a receive ring at the device that the first target is
     * behind.
     */
    readonly receivesByRing: boolean;
  },
): Promise<SweepNetwork> {
  const { family, protocol, sourcePort, flows, device, sendsFrames, receivesByRing } = options;
  const first = new Uint8Array(family === 4 ? 4 : 16);
  targets.writeAddress(0, first, 0);
  const { sourceAddressFor } = await import('../host/source-address.ts');
  const source = options.source ?? sourceAddressFor(first, { device });
  const given = Array.from({ length: flows }, (_, flow) => sourcePort + flow);
  const wanted = { family, protocol, first: sourcePort, count: flows, given };
  const nextHops = sendsFrames
    ? await (await import('../host/next-hop.ts')).gatewaysTo(targets, source)
    : undefined;
  let opened: Awaited<ReturnType<typeof openReservedLink>>;
  try {
    const ringDevice = receivesByRing
      ? (await import('../host/ring-device.ts')).ringDeviceFor({
          destination: first,
          source,
          device,
        })
      : undefined;
    const sockets = { source, device, nextHops, ringDevice };
    opened = await openReservedLink(wanted, () => sockets);
  } catch (error) {
    nextHops?.close();
    throw error;
  }
  const { link, timeline } = opened;
  return {
    link,
    timeline,
    source,
    tokenKey: crypto.getRandomValues(new Uint32Array(SWEEP_KEY_WORDS)),
    ownAddresses: ownAddresses().filter((own) => familyOf(own) === family),
    get notes() {
      return [...link.notes, ...(nextHops?.notes() ?? [])];
    },
    counters: () => link.counters(),
    close: () => {
      nextHops?.close();
      opened.close();
    },
  };
}
