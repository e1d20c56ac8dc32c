/** `fantrace isolate --dry-run`: what would be sent, where to, and what that may cost. */

import { familyOf, formatIpAddress, type IpFamily } from '../lib/ip-address.ts';
import type { IsolatePlan } from '../runtime/isolate-plan.ts';
import type { IsolateFlags } from './isolate-flags.ts';
import type { Endpoints } from './isolate-target.ts';

const SCHEMA = 'fantrace.plan/1';
const OK = 0;

/** Where a plan leads; addresses as text. */
interface PlannedRun {
  readonly target: { readonly name: string; readonly address: string; readonly port: number };
  readonly source: string;
  readonly family: IpFamily;
}

/** Writes the plan. @returns the exit status */
export async function showPlan(
  endpoints: Endpoints,
  flags: IsolateFlags,
  seed: number,
): Promise<number> {
  const { planIsolate } = await import('../runtime/isolate-plan.ts');
  const { optionsOf } = await import('./isolate-target.ts');
  const run = await plannedRun(endpoints, flags);
  const plan = planIsolate(optionsOf(endpoints, flags, seed), {
    flows: flags.flows,
    family: run.family,
  });
  if (flags.json || flags.jsonl) {
    const { flows, sourcePort, rate, minTtl, maxTtl, maxTime } = flags;
    const document = {
      schema: SCHEMA,
      ...run,
      simulated: endpoints.simulated?.name ?? null,
      protocol: 'tcp',
      seed,
      flows,
      sourcePort,
      minTtl,
      maxTtl,
      rate,
      maxTimeMs: maxTime / 1000,
      ...plan,
    };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    process.stdout.write(`${planLines(run, plan, flags).join('\n')}\n`);
  }
  return OK;
}

async function plannedRun(
  { simulated, host, targetName, family }: Endpoints,
  flags: IsolateFlags,
): Promise<PlannedRun> {
  if (simulated !== null) {
    const { planNetwork } = await import('../sim/network-plan.ts');
    const network = planNetwork(simulated.scenario, family === undefined ? {} : { family });
    const { source, target } = network;
    return {
      target: {
        name: targetName,
        address: target.address[network.family],
        port: flags.port ?? target.port,
      },
      source: source[network.family],
      family: network.family,
    };
  }
  const { sourceAddressFor } = await import('../runtime/source-address.ts');
  const { destination, scopeId, source, port } = host;
  const device = flags.interface;
  return {
    target: { name: targetName, address: formatIpAddress(destination), port },
    source: formatIpAddress(source ?? sourceAddressFor(destination, { device, scopeId })),
    family: familyOf(destination),
  };
}

function planLines(
  { target, source, family }: PlannedRun,
  { firstProbes, probesMax, bytesMax, sendingUs }: IsolatePlan,
  flags: IsolateFlags,
): string[] {
  const { flows, sourcePort, rate, maxTime } = flags;
  const named = target.name === target.address ? '' : ` (${target.address})`;
  const scouts = new Set(firstProbes.map(({ flow }) => flow)).size;
  const ttls = firstProbes.map(({ ttl }) => ttl);
  const range = `${Math.min(...ttls)} to ${Math.max(...ttls)}`;
  const kilobytes = Math.ceil(bytesMax / 1000);
  const seconds = (us: number): string => `${Number((us / 1e6).toPrecision(3))} s`;
  return [
    `Would send at most ${probesMax} TCP SYN probes (${kilobytes} kB) to ` +
      `${target.name}${named} port ${target.port} over IPv${family}, and sends nothing now.`,
    '',
    `Flows:  ${flows}, from ${source} ports ${sourcePort} to ${sourcePort + flows - 1}; ` +
      'ports in use are passed over',
    `First:  ${firstProbes.length} probes of ${scouts} flows at TTL ${range}, then every flow at ` +
      'every TTL up to the target, round by round',
    `Pace:   at most ${rate} probes a second in all, and 100 towards one interface`,
    `Ends:   when the answer is sure, or after ${probesMax} probes (${seconds(sendingUs)} at that ` +
      `pace) or ${seconds(maxTime)}`,
  ];
}
