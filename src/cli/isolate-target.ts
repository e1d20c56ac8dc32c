/** From arguments to what a run needs: its target, its network and its options. */

import type { IpFamily } from '../lib/ip-address.ts';
import { printable } from '../lib/printable.ts';
import type { IsolateOptions } from '../runtime/isolate.ts';
import type { Network } from '../runtime/network.ts';
import type { Scenario } from '../sim/scenario.ts';
import { CliError } from './cli-error.ts';
import type { IsolateFlags } from './isolate-flags.ts';

const DEFAULT_PORT = 22;
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
  const port = flags.port ?? DEFAULT_PORT;
  const host = { destination: address, port, scopeId, source };
  return { targetName: printable(target), family, simulated: null, host };
}

/** Opens the network that leads to the target. */
export async function openNetwork(
  { simulated, host, family }: Endpoints,
  flags: IsolateFlags,
  seed: number,
): Promise<Network> {
  const { openHostNetwork, openSimulatedNetwork } = await import('../runtime/network.ts');
  const { flows, sourcePort, port } = flags;
  if (simulated === null) {
    return openHostNetwork({ flows, sourcePort, device: flags.interface, ...host });
  }
  const overrides = {
    seed,
    ...(family === undefined ? {} : { family }),
    ...(port === undefined ? {} : { port }),
  };
  return openSimulatedNetwork(simulated.scenario, { flows, sourcePort }, overrides);
}

/** What the run is asked for. */
export function optionsOf(
  { targetName, simulated }: Endpoints,
  flags: IsolateFlags,
  seed: number,
): IsolateOptions {
  const { minTtl, maxTtl, confidence, minLoss, exclude, maxProbes, maxTime, tos, rate } = flags;
  return {
    minTtl,
    maxTtl,
    confidence,
    minLoss,
    exclude,
    maxProbes,
    tos,
    seed,
    targetName,
    simulated: simulated?.name ?? null,
    maxTimeUs: maxTime,
    perInterface: PER_INTERFACE,
    total: rate,
  };
}
