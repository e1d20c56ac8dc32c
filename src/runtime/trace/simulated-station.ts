/** Traces on a simulated network: loaded only by those who want one. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { openSimulatedNetwork } from '../links/network.ts';
import { simulatedStationParts } from '../links/station-parts.ts';
import { loadScenario } from '../scenario-files.ts';
import { TraceStation } from './trace-station.ts';
import type { StationLease } from './trace-stations.ts';

/**
 * A simulated network of its own, in virtual time.
 *
 * @param what a shipped scenario by its name, or a file
 */
export function openSimulatedStation(
  what: string,
  {
    family,
    seed,
    sourcePort,
    rates,
  }: {
    readonly family: IpFamily | undefined;
    readonly seed: number;
    readonly sourcePort: number;
    readonly rates: PacerRates;
  },
): StationLease & { readonly source: Uint8Array; readonly destination: Uint8Array } {
  const overrides = { seed, ...(family === undefined ? {} : { family }) };
  const { scenario } = loadScenario(what);
  const network = openSimulatedNetwork(scenario, { sourcePort, flows: 1 }, overrides);
  const { source, link, tokenKey } = network;
  const [destination = source] = network.destinations;
  const traits = { source, destination, tokenKey, rates, random: new Random(seed) };
  const station = new TraceStation(simulatedStationParts(link, traits));
  return { station, sourcePort, source, destination, release: () => station.parts.close() };
}
