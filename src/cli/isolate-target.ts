/** From arguments to what a run needs: its target, its network and its options. */

import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import { printable } from '../lib/printable.ts';
import type { IsolateOptions } from '../runtime/isolate.ts';
import type { Network } from '../runtime/network.ts';
import type { Scenario } from '../sim/scenario.ts';
import { CliError } from './cli-error.ts';
import type { IsolateFlags } from './isolate-flags.ts';
import { givenPorts, trafficOf } from './isolate-traffic.ts';

/** SSH, which answers nearly everywhere; the first port of classic traceroutes; none. */
const DEFAULT_PORT = { tcp: 22, udp: 33_434, icmp: 0 } as const;
/** Asks no interface for more replies a second than routers bear by default. */
const PER_INTERFACE = 100;

interface Simulation {
  readonly name: string;
  readonly scenario: Scenario;
}

interface HostTarget {
  readonly destination: Uint8Array;
  readonly port: number;
  readonly scopeId: number | undefined;
  readonly source: Uint8Array | undefined;
}

/** A target, as far as it can be known without opening anything. */
export type Endpoints = {
  /** Safe to print. */
  readonly targetName: string;
  /** What was asked for; undefined for either. */
  readonly family: IpFamily | undefined;
} & (
  | { readonly simulated: Simulation; readonly host: null }
  | { readonly simulated: null; readonly host: HostTarget }
);

/**
 * Finds the target, or reads the scenario.
 *
 * @throws {CliError} when there is none, or it is not the address of a host
 */
export async function endpointsOf(
  target: string | undefined,
  flags: IsolateFlags,
): Promise<Endpoints> {
  const family = flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined;
  if (flags.simulate !== undefined) {
    const { loadScenario } = await import('../runtime/scenario-files.ts');
    const targetName = printable(target ?? 'the simulated target');
    return { targetName, family, simulated: loadScenario(flags.simulate), host: null };
  }
  if (target === undefined) {
    throw new CliError('USAGE', 'no target given', 'name a host, or use --simulate NAME');
  }
  const { resolveTarget } = await import('../runtime/target.ts');
  const { address, scopeId } = await resolveTarget(target, family);
  const { readSource, requireHost } = await import('./endpoints.ts');
  requireHost(address);
  const source = flags.source === undefined ? undefined : await readSource(flags.source, address);
  const port = flags.port ?? DEFAULT_PORT[flags.protocol];
  const host = { destination: address, port, scopeId, source };
  return { targetName: printable(target), family, simulated: null, host };
}

/** The family that probes will be of. */
function familyTo({ simulated, host, family }: Endpoints): IpFamily {
  if (simulated !== null) return family ?? simulated.scenario.family;
  return familyOf(host.destination);
}

/**
 * Opens the network that leads to the target.
 *
 * @throws {CliError} for flows that are none
 */
export async function openNetwork(
  endpoints: Endpoints,
  flags: IsolateFlags,
  seed: number,
): Promise<Network> {
  const { simulated, host, family } = endpoints;
  const { openHostNetwork, openSimulatedNetwork } = await import('../runtime/network.ts');
  const { flows, sourcePort, port, protocol, packetSize = [] } = flags;
  const range = { flows, sourcePort, givenPorts: givenPorts(flags) };
  const packetBytesMax = Math.max(0, ...packetSize);
  if (simulated === null) {
    const device = flags.interface;
    return openHostNetwork({ ...range, device, protocol, packetBytesMax, ...host });
  }
  const overrides = {
    seed,
    packetBytesMax,
    ...(family === undefined ? {} : { family }),
    ...(port === undefined ? {} : { port }),
  };
  return openSimulatedNetwork(simulated.scenario, range, overrides);
}

/** What the run is asked for. */
export function optionsOf(endpoints: Endpoints, flags: IsolateFlags, seed: number): IsolateOptions {
  const { targetName, simulated } = endpoints;
  const { minTtl, maxTtl, confidence, minLoss, exclude, maxProbes, maxTime, rate } = flags;
  return {
    minTtl,
    maxTtl,
    confidence,
    minLoss,
    exclude,
    maxProbes,
    ...trafficOf(flags, familyTo(endpoints)),
    seed,
    targetName,
    simulated: simulated?.name ?? null,
    maxTimeUs: maxTime,
    perInterface: PER_INTERFACE,
    total: rate,
  };
}
