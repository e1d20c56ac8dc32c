/** From the flags of `fbtracert` to the network and the options of a run. */

import { printable } from '../../lib/printable.ts';
import type { IsolateOptions } from '../../runtime/isolate/isolate-run.ts';
import type { Network } from '../../runtime/links/network.ts';
import { CliError } from '../cli-error.ts';
import type { FbtracertFlags } from './fbtracert-flags.ts';

const FLAG_NAMES = {
  minTtl: '-minTTL',
  maxTtl: '-maxTTL',
  maxProbes: '-maxTime and -probeRate for',
};
/** As `fantrace isolate` has them by default. */
const CONFIDENCE = 0.95;
const MIN_LOSS = 0.002;
const EXCLUDE = 0.02;

interface Opened {
  readonly network: Network;
  /** Safe to print. */
  readonly targetName: string;
  /** Name of the scenario. */
  readonly simulated: string | null;
}

/**
 * Finds the target and opens the network that leads to it.
 *
 * @throws {CliError} for addresses that will not do
 * @throws {TargetError} when there is no such host
 * @throws {HostError} when a right, a route or free source ports are missing
 */
export async function openFbtracertNetwork(flags: FbtracertFlags, seed: number): Promise<Opened> {
  const { target, family, targetPort: port, given } = flags;
  const { openHostNetwork, openSimulatedNetwork } = await import('../../runtime/links/network.ts');
  const range = { sourcePort: flags.baseSrcPort, flows: flags.maxSrcPorts };
  if (target === undefined || flags.simulate !== '') {
    const { loadScenario } = await import('../../runtime/scenario-files.ts');
    const { name, scenario } = loadScenario(flags.simulate);
    const network = openSimulatedNetwork(scenario, range, {
      seed,
      ...(given.has('addrFamily') ? { family } : {}),
      ...(given.has('targetPort') ? { port } : {}),
    });
    return { network, targetName: printable(target ?? 'the simulated target'), simulated: name };
  }
  const { resolveTarget } = await import('../../runtime/calls/target.ts');
  const { address, scopeId } = await resolveTarget(target, family).catch(inOurWords);
  const { readSource } = await import('../endpoints.ts');
  const { requireHost } = await import('../../runtime/host/host-address.ts');
  requireHost(address);
  const source =
    flags.srcAddr === '' ? undefined : await readSource(flags.srcAddr, address).catch(inOurWords);
  const destinations = [address];
  const network = await openHostNetwork({ ...range, port, destinations, scopeId, source });
  return { network, targetName: printable(target), simulated: null };
}

/** What the run is asked for. */
export function optionsOf(
  { targetName, simulated }: Opened,
  flags: FbtracertFlags,
  seed: number,
): IsolateOptions {
  const { minTTL, maxTTL, maxTime, probeRate, tosValue } = flags;
  // The original has one sender for each TTL, each at this rate.
  const total = probeRate * (maxTTL - minTTL + 1);
  return {
    minTtl: minTTL,
    maxTtl: maxTTL,
    confidence: CONFIDENCE,
    minLoss: MIN_LOSS,
    exclude: EXCLUDE,
    maxProbes: total * maxTime,
    maxTimeUs: maxTime * 1_000_000,
    tos: tosValue,
    seed,
    targetNames: [targetName],
    simulated,
    perInterface: probeRate,
    total,
    untilMaxTime: flags.fixedTime,
    flagNames: FLAG_NAMES,
  };
}

/** Complaints about values that come by flags of ours, but are checked where `fantrace` does. */
function inOurWords(error: unknown): never {
  if (!(error instanceof Error)) throw error;
  const message = error.message
    .replace(/^--source\b/, '-srcAddr')
    .replace(/leave out -4$/, 'use -addrFamily ip6')
    .replace(/leave out -6$/, 'use -addrFamily ip4');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  throw new CliError(code, message, error instanceof CliError ? error.hint : '');
}
