/** What stations of traces and of searches for paths run over on a simulated network. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import type { Scenario } from '../../sim/scenario.ts';
import { openSimulatedNetwork } from './network.ts';
import { type StationParts, simulatedStationParts } from './station-parts.ts';

/** Which of the networks that a scenario describes, and how it is probed. */
export interface SimulatedPartsOptions {
  /** That of the scenario unless told. */
  readonly family: IpFamily | undefined;
  readonly seed: number;
  readonly sourcePort: number;
  readonly rates: PacerRates;
}

/** Opens a simulated network of its own, in virtual time, with its usual target. */
export function openSimulatedParts(
  scenario: Scenario,
  { family, seed, sourcePort, rates }: SimulatedPartsOptions,
): {
  readonly parts: StationParts;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
} {
  const overrides = { seed, ...(family === undefined ? {} : { family }) };
  const network = openSimulatedNetwork(scenario, { sourcePort, flows: 1 }, overrides);
  const { source, link, tokenKey } = network;
  const [destination = source] = network.destinations;
  const traits = { source, destination, tokenKey, rates, random: new Random(seed) };
  return { parts: simulatedStationParts(link, traits), source, destination };
}
