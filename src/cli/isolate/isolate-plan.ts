/** `fantrace isolate --dry-run`: what would be sent, where to, and what that may cost. */

import { counted } from '../../lib/counted.ts';
import { familyOf, formatIpAddress, type IpFamily } from '../../lib/ip-address.ts';
import type { IsolateRecord, TrafficClass } from '../../model/isolate-record.ts';
import type { Endpoints } from '../../runtime/isolate/isolate-endpoints.ts';
import type { IsolatePlan } from '../../runtime/isolate/isolate-plan.ts';
import { costSentence, secondsText, writePlan } from '../plan-text.ts';
import type { IsolateFlags } from './isolate-flags.ts';

const SCHEMA = 'fantrace.plan/1';
const OK = 0;
const PROBES = { tcp: 'TCP SYN', udp: 'UDP', icmp: 'ICMP echo' } as const;

/** Where a plan leads; addresses as text. */
interface PlannedRun {
  readonly targets: IsolateRecord['targets'];
  readonly source: string;
  readonly family: IpFamily;
}

/** Writes the plan. @returns the exit status */
export async function showPlan(
  endpoints: Endpoints,
  flags: IsolateFlags,
  seed: number,
): Promise<number> {
  const { planIsolate } = await import('../../runtime/isolate/isolate-plan.ts');
  const { optionsOf } = await import('./isolate-target.ts');
  const { givenPorts } = await import('./isolate-traffic.ts');
  const { trafficClasses } = await import('../../runtime/isolate/probed-flows.ts');
  const ports = givenPorts(flags);
  const run = await plannedRun(endpoints, flags);
  const options = await optionsOf(endpoints, flags, seed);
  const flows = ports?.length ?? flags.flows;
  const targets = run.targets.length;
  const plan = planIsolate(options, { flows, targets, family: run.family });
  const classes = trafficClasses(options, run.family);
  const { protocol, sourcePort, rate, minTtl, maxTtl, maxTime } = flags;
  const document = {
    schema: SCHEMA,
    ...run,
    simulated: endpoints.simulated?.name ?? null,
    protocol,
    classes,
    seed,
    flows,
    sourcePort: ports?.[0] ?? sourcePort,
    ...(ports === undefined ? {} : { sourcePorts: ports }),
    minTtl,
    maxTtl,
    rate,
    maxTimeMs: maxTime / 1000,
    ...plan,
  };
  writePlan(document, planLines(run, plan, { flags, ports, classes }), flags);
  return OK;
}

async function plannedRun(
  { simulated, host, targetNames, family }: Endpoints,
  flags: IsolateFlags,
): Promise<PlannedRun> {
  const named = (addresses: readonly string[], port: number): PlannedRun['targets'] =>
    addresses.slice(0, targetNames.length).map((address, index) => ({
      name: targetNames[index] ?? address,
      address,
      port: flags.protocol === 'icmp' ? null : port,
    }));
  if (simulated !== null) {
    const { planNetwork } = await import('../../sim/network-plan.ts');
    const network = planNetwork(simulated.scenario, family === undefined ? {} : { family });
    const { source, target, otherTargets } = network;
    const addresses = [target, ...otherTargets].map(({ address }) => address[network.family]);
    return {
      targets: named(addresses, flags.port ?? target.port),
      source: source[network.family],
      family: network.family,
    };
  }
  const { sharedSourceFor } = await import('../../runtime/host/source-address.ts');
  const { destinations, scopeId, port } = host;
  const device = flags.interface;
  const source = host.source ?? sharedSourceFor(destinations, { device, scopeId });
  return {
    targets: named(destinations.map(formatIpAddress), port),
    source: formatIpAddress(source),
    family: familyOf(source),
  };
}

function planLines(
  { targets, source, family }: PlannedRun,
  { firstProbes, probesMax, bytesMax, sendingUs }: IsolatePlan,
  {
    flags,
    ports,
    classes,
  }: {
    readonly flags: IsolateFlags;
    readonly ports: readonly number[] | undefined;
    readonly classes: readonly TrafficClass[];
  },
): string[] {
  const { flows, sourcePort, rate, maxTime, protocol } = flags;
  const numbers = protocol === 'icmp' ? 'identifiers' : 'ports';
  const inUse = protocol === 'icmp' ? '' : '; ports in use are passed over';
  const port = targets[0]?.port ?? null;
  const each = targets.length === 1 ? '' : ' to each target';
  const scouts = new Set(firstProbes.map(({ flow }) => flow)).size;
  const ttls = firstProbes.map(({ ttl }) => ttl);
  const range = `${Math.min(...ttls)} to ${Math.max(...ttls)}`;
  return [
    costSentence({
      probesMax,
      bytesMax,
      kind: PROBES[protocol],
      targets,
      port,
      families: [family],
    }),
    '',
    `Flows:  ${ports?.length ?? flows}${each}, from ${source} ${numbers} ` +
      (ports?.join(', ') ?? `${sourcePort} to ${sourcePort + flows - 1}${inUse}`),
    ...(classes.length === 1 ? [] : [`Each:   ${classes.map(classWords).join(', ')}`]),
    `First:  ${counted(firstProbes.length, 'probe')} of ${counted(scouts, 'flow')} ` +
      `at TTL ${range}, then every flow at every TTL up to the target, round by round`,
    `Pace:   at most ${counted(rate, 'probe')} a second in all, and 100 towards one interface`,
    `Ends:   when the answer is sure, or after ${counted(probesMax, 'probe')} ` +
      `(${secondsText(sendingUs)} at that pace) or ${secondsText(maxTime)}`,
  ];
}

function classWords({ packetBytes, tos }: TrafficClass): string {
  return `${packetBytes} bytes with TOS ${tos}`;
}
