/** Traces on a simulated network: loaded only by those who want one. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import { AddressBook } from '../../model/address-book.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { openSimulatedNetwork } from '../links/network.ts';
import { stationEngine } from '../links/station-engine.ts';
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
  const { source, link, timeline, tokenKey } = network;
  const [destination = source] = network.destinations;
  const addresses = new AddressBook();
  const random = new Random(seed);
  const engine = stationEngine({ source, destination, tokenKey, rates, random, addresses });
  const station = new TraceStation({
    engine,
    link,
    timeline,
    addresses,
    rung: 'simulated',
    notes: [],
    counters: () => network.counters(),
    close: () => network.close(),
  });
  return { station, sourcePort, source, destination, release: () => network.close() };
}
