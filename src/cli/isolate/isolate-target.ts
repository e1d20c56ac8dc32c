/** From arguments to what a run needs: its target, its network and its options. */

import { printable } from '../../lib/printable.ts';
import { listed } from '../../report/wrap.ts';
import type { Ambiguous, Endpoints } from '../../runtime/isolate/isolate-endpoints.ts';
import { DEFAULT_PORT, PER_INTERFACE } from '../../runtime/isolate/isolate-limits.ts';
import type { IsolateOptions } from '../../runtime/isolate/isolate-run.ts';
import type { Network } from '../../runtime/links/network.ts';
import { CliError } from '../cli-error.ts';
import type { IsolateFlags } from './isolate-flags.ts';
import { givenPorts, trafficOf } from './isolate-traffic.ts';

/** Of the other addresses of a name, so many are told. */
const OTHERS_LISTED = 4;

/**
 * Finds the targets, or reads the scenario.
 *
 * @throws {CliError} when there is none
 * @throws {HostError} when they are not the addresses of hosts, or cannot be of one run
 */
export async function endpointsOf(
  targets: readonly string[],
  flags: IsolateFlags,
): Promise<Endpoints> {
  const family = flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined;
  const { resolveTargets, simulatedEndpoints } = await import(
    '../../runtime/isolate/isolate-endpoints.ts'
  );
  if (flags.simulate !== undefined) {
    const { loadScenario } = await import('../../runtime/scenario-files.ts');
    return simulatedEndpoints(targets, loadScenario(flags.simulate), family);
  }
  const [first] = targets;
  if (first === undefined) {
    throw new CliError('USAGE', 'no target given', 'name a host, or use --simulate NAME');
  }
  const { destinations, scopeId, ambiguous } = await resolveTargets(targets, family);
  for (const each of ambiguous) process.stderr.write(`fantrace: ${ambiguityNote(each)}\n`);
  const { readSource } = await import('../endpoints.ts');
  const [destination = new Uint8Array()] = destinations;
  const source =
    flags.source === undefined ? undefined : await readSource(flags.source, destination);
  const port = flags.port ?? DEFAULT_PORT[flags.protocol];
  const host = { destinations, port, scopeId, source };
  return { targetNames: targets.map(printable), family, simulated: null, host };
}

/** Of several servers behind a name one is measured, and perhaps not the one that suffers. */
function ambiguityNote({ name, address, others }: Ambiguous): string {
  const rest = listed(others.map(printable), OTHERS_LISTED);
  return `${printable(name)} is ${address} in this run, and has other addresses, too: ${rest}`;
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
  const { openEndpoints } = await import('../../runtime/isolate/isolate-endpoints.ts');
  const { flows, sourcePort, port, protocol, packetSize: packetSizes, interface: device } = flags;
  const range = { flows, sourcePort, givenPorts: givenPorts(flags) };
  return openEndpoints(endpoints, { ...range, port, protocol, packetSizes, device }, seed);
}

/** What the run is asked for. */
export async function optionsOf(
  endpoints: Endpoints,
  flags: IsolateFlags,
  seed: number,
): Promise<IsolateOptions> {
  const { familyTo } = await import('../../runtime/isolate/isolate-endpoints.ts');
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
