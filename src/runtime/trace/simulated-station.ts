/** Traces on a simulated network: loaded only by those who want one. */

import { openSimulatedParts, type SimulatedPartsOptions } from '../links/simulated-parts.ts';
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
  options: SimulatedPartsOptions,
): StationLease & { readonly source: Uint8Array; readonly destination: Uint8Array } {
  const { parts, ...ends } = openSimulatedParts(loadScenario(what).scenario, options);
  const station = new TraceStation(parts);
  return { station, sourcePort: options.sourcePort, ...ends, release: () => parts.close() };
}
