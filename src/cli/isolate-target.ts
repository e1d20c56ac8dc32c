/** From arguments to what a run needs: its target, its network and its options. */

import { familyOf, formatIpAddress, type IpFamily, isSameAddress } from '../lib/ip-address.ts';
import { printable } from '../lib/printable.ts';
import type { IsolateOptions } from '../runtime/isolate.ts';
import type { Network } from '../runtime/network.ts';
import type { Scenario } from '../sim/scenario.ts';
import { TARGET } from '../sim/topology.ts';
import { CliError } from './cli-error.ts';
import type { IsolateFlags } from './isolate-flags.ts';
import { DEFAULT_PORT, givenPorts, trafficOf } from './isolate-traffic.ts';

/** SSH, which answers nearly everywhere; the first port of classic traceroutes; none. */
/** Asks no interface for more replies a second than routers bear by default. */
const PER_INTERFACE = 100;

interface Simulation {
  readonly name: string;
  readonly scenario: Scenario;
}

interface HostTargets {
  readonly destinations: readonly Uint8Array[];
  readonly port: number;
  readonly scopeId: number | undefined;
  readonly source: Uint8Array | undefined;
}

/** The targets, as far as they can be known without opening anything. */
export type Endpoints = {
  /** Safe to print. */
  readonly targetNames: readonly string[];
  /** What was asked for; undefined for either. */
  readonly family: IpFamily | undefined;
} & (
  | { readonly simulated: Simulation; readonly host: null }
  | { readonly simulated: null; readonly host: HostTargets }
);

/**
 * Finds the targets, or reads the scenario.
 *
 * @throws {CliError} when there is none, or it is not the address of a host
 */
export async function endpointsOf(
  targets: readonly string[],
  flags: IsolateFlags,
): Promise<Endpoints> {
  const family = flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined;
  if (flags.simulate !== undefined) {
    const { loadScenario } = await import('../runtime/scenario-files.ts');
    const simulated = loadScenario(flags.simulate);
    return { targetNames: simulatedNames(targets, simulated), family, simulated, host: null };
  }
  const [first] = targets;
  if (first === undefined) {
    throw new CliError('USAGE', 'no target given', 'name a host, or use --simulate NAME');
  }
  const { destinations, scopeId } = await resolvedTargets(targets, family);
  const { readSource } = await import('./endpoints.ts');
  const [destination = new Uint8Array()] = destinations;
  const source =
    flags.source === undefined ? undefined : await readSource(flags.source, destination);
  const port = flags.port ?? DEFAULT_PORT[flags.protocol];
  const host = { destinations, port, scopeId, source };
  return { targetNames: targets.map(printable), family, simulated: null, host };
}

/** Those given, in the order of the scenario's targets; all of these where none is given. */
function simulatedNames(given: readonly string[], { name, scenario }: Simulation): string[] {
  const others = scenario.otherTargets.map((each) => each.name);
  const own = others.length === 0 ? ['the simulated target'] : [TARGET, ...others];
  if (given.length === 0) return own;
  if (given.length <= own.length) return given.map(printable);
  const has = own.length === 1 ? '1 target' : `${own.length} targets`;
  throw new CliError('USAGE', `${given.length} targets are named, and ${name} has ${has}`);
}

/** The addresses, all of one family, on one link where they are link-local. */
async function resolvedTargets(
  targets: readonly string[],
  asked: IpFamily | undefined,
): Promise<Pick<HostTargets, 'destinations' | 'scopeId'>> {
  const { literalFamily, resolveTarget } = await import('../runtime/target.ts');
  const { requireHost } = await import('./endpoints.ts');
  const literal = new Set(targets.flatMap((each) => literalFamily(each) ?? []));
  if (asked === undefined && literal.size > 1) {
    const hint = 'name those of either family in a run of its own';
    throw new CliError('USAGE', 'the targets have addresses of both families', hint);
  }
  let family = asked ?? [...literal][0];
  const resolved: { readonly name: string; readonly address: Uint8Array; scopeId?: number }[] = [];
  for (const name of targets) {
    const { address, scopeId } = await resolveTarget(name, family);
    requireHost(address);
    const twin = resolved.find((each) => isSameAddress(each.address, address));
    if (twin !== undefined) {
      const both = `${printable(twin.name)} and ${printable(name)}`;
      const message = `${both} are one target: ${formatIpAddress(address)}`;
      throw new CliError('USAGE', message, 'name it once');
    }
    family ??= familyOf(address);
    resolved.push({ name, address, ...(scopeId === undefined ? {} : { scopeId }) });
  }
  const [scopeId, ...others] = new Set(resolved.map((each) => each.scopeId));
  if (others.length > 0) {
    const hint = 'link-local addresses of one interface can be targets of one run, and no others';
    throw new CliError('USAGE', 'the targets are not all on one link', hint);
  }
  return { destinations: resolved.map(({ address }) => address), scopeId };
}

/** The family that probes will be of. */
function familyTo({ simulated, host, family }: Endpoints): IpFamily {
  if (simulated !== null) return family ?? simulated.scenario.family;
  return familyOf(host.destinations[0] ?? new Uint8Array());
}

/**
 * Opens the network that leads to the targets.
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
    targets: endpoints.targetNames.length,
    ...(family === undefined ? {} : { family }),
    ...(port === undefined ? {} : { port }),
  };
  return openSimulatedNetwork(simulated.scenario, range, overrides);
}

/** What the run is asked for. */
export function optionsOf(endpoints: Endpoints, flags: IsolateFlags, seed: number): IsolateOptions {
  const { targetNames, simulated } = endpoints;
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
    targetNames,
    simulated: simulated?.name ?? null,
    maxTimeUs: maxTime,
    perInterface: PER_INTERFACE,
    total: rate,
  };
}
