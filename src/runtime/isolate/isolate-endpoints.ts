/** Where a run of `isolate` leads: its targets, on the host's network or a simulated one. */

import { familyOf, formatIpAddress, type IpFamily, isSameAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import type { Scenario } from '../../sim/scenario.ts';
import { TARGET } from '../../sim/topology.ts';
import { literalFamily, resolveTarget } from '../calls/target.ts';
import { requireHost } from '../host/host-address.ts';
import { HostError } from '../host/host-error.ts';
import {
  type Network,
  openHostNetwork,
  openSimulatedNetwork,
  type PortRange,
} from '../links/network.ts';

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

/** A name of several addresses. */
export interface Ambiguous {
  readonly name: string;
  /** The one that is measured. */
  readonly address: string;
  readonly others: readonly string[];
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
 * The targets of a scenario: as many as are named, and all where none is.
 *
 * @throws {HostError} USAGE when more are named than there are
 */
export function simulatedEndpoints(
  targets: readonly string[],
  simulated: Simulation,
  family: IpFamily | undefined,
): Endpoints {
  return { targetNames: simulatedNames(targets, simulated), family, simulated, host: null };
}

/** Those given, in the order of the scenario's targets; all of these where none is given. */
function simulatedNames(given: readonly string[], { name, scenario }: Simulation): string[] {
  const others = scenario.otherTargets.map((each) => each.name);
  const own = others.length === 0 ? ['the simulated target'] : [TARGET, ...others];
  if (given.length === 0) return own;
  if (given.length <= own.length) return given.map(printable);
  const has = own.length === 1 ? '1 target' : `${own.length} targets`;
  throw new HostError('USAGE', `${given.length} targets are named, and ${name} has ${has}`);
}

/**
 * The addresses, all of one family, on one link where they are link-local.
 *
 * @returns also which names have further addresses
 * @throws {HostError} USAGE for targets that cannot be of one run, TARGET_NOT_A_HOST
 * @throws {TargetError} when there is no such host
 */
export async function resolveTargets(
  targets: readonly string[],
  asked: IpFamily | undefined,
): Promise<Pick<HostTargets, 'destinations' | 'scopeId'> & { readonly ambiguous: Ambiguous[] }> {
  const literal = new Set(targets.flatMap((each) => literalFamily(each) ?? []));
  if (asked === undefined && literal.size > 1) {
    const hint = 'name those of either family in a run of its own';
    throw new HostError('USAGE', `the targets have addresses of both families\n${hint}`);
  }
  let family = asked ?? [...literal][0];
  const resolved: { readonly name: string; readonly address: Uint8Array; scopeId?: number }[] = [];
  const ambiguous: Ambiguous[] = [];
  for (const name of targets) {
    const { address, scopeId, others } = await resolveTarget(name, family);
    requireHost(address);
    const twin = resolved.find((each) => isSameAddress(each.address, address));
    if (twin !== undefined) {
      const both = `${printable(twin.name)} and ${printable(name)}`;
      const message = `${both} are one target: ${formatIpAddress(address)}`;
      throw new HostError('USAGE', `${message}\nname it once`);
    }
    family ??= familyOf(address);
    if (others.length > 0) ambiguous.push({ name, address: formatIpAddress(address), others });
    resolved.push({ name, address, ...(scopeId === undefined ? {} : { scopeId }) });
  }
  const [scopeId, ...others] = new Set(resolved.map((each) => each.scopeId));
  if (others.length > 0) {
    const hint = 'link-local addresses of one interface can be targets of one run, and no others';
    throw new HostError('USAGE', `the targets are not all on one link\n${hint}`);
  }
  return { destinations: resolved.map(({ address }) => address), scopeId, ambiguous };
}

/** The family that probes will be of. */
export function familyTo({ simulated, host, family }: Endpoints): IpFamily {
  if (simulated !== null) return family ?? simulated.scenario.family;
  return familyOf(host.destinations[0] ?? new Uint8Array());
}

/** What the way to the targets must carry. */
export interface EndpointTraffic extends PortRange {
  readonly protocol: IsolateProtocol;
  /** The scenario's own, or the usual one, unless told. */
  readonly port: number | undefined;
  /** Of whole packets; as short as the protocol permits unless told. */
  readonly packetSizes: readonly number[] | undefined;
  readonly device: string | undefined;
}

/**
 * Opens the network that leads to the targets.
 *
 * @param seed of what is random on a simulated one
 * @throws {HostError} when a right, a route or free source ports are missing
 */
export function openEndpoints(
  { simulated, host, family, targetNames }: Endpoints,
  { flows, sourcePort, givenPorts, ...traffic }: EndpointTraffic,
  seed: number,
): Promise<Network> {
  const range = { flows, sourcePort, givenPorts };
  const { protocol, port, device, packetSizes = [] } = traffic;
  const packetBytesMax = Math.max(0, ...packetSizes);
  if (simulated === null) {
    return openHostNetwork({ ...range, device, protocol, packetBytesMax, ...host });
  }
  const overrides = {
    seed,
    packetBytesMax,
    targets: targetNames.length,
    ...(family === undefined ? {} : { family }),
    ...(port === undefined ? {} : { port }),
  };
  return Promise.resolve(openSimulatedNetwork(simulated.scenario, range, overrides));
}
