/** `fantrace paths --dry-run`: what would be sent, where to, and what that may cost. */

import { printable } from '../../lib/printable.ts';
import type { FlowField } from '../../model/paths-record.ts';
import type { PathsOptions } from '../../runtime/paths/paths-options.ts';
import { type PathsPlan, planPaths } from '../../runtime/paths/paths-plan.ts';
import { costSentence, type PlanForm, secondsText, writePlan } from '../plan-text.ts';

const SCHEMA = 'fantrace.paths-plan/1';
const PROBES = { tcp: 'TCP SYN', udp: 'UDP', icmp: 'ICMP echo' } as const;
const FIELDS: Readonly<Record<FlowField, string>> = {
  'source-port': 'source port',
  'destination-port': 'destination port',
  checksum: 'ICMP checksum',
  'flow-label': 'flow label',
};

/** Writes the plan. @throws as the search itself would */
export async function showPathsPlan(
  target: string,
  given: PathsOptions,
  form: PlanForm,
): Promise<void> {
  const plan = await planPaths(target, given);
  const { options, address, source, family, packetBytes, probesMax } = plan;
  const { settings, rates, protocol, flowField } = options;
  const port = protocol === 'icmp' ? null : options.port;
  const name = printable(target);
  const cost = {
    probesMax,
    bytesMax: probesMax * packetBytes,
    sendingUs: Math.round((probesMax / rates.total) * 1e6),
  };
  const document = {
    schema: SCHEMA,
    target: { name, address, port },
    source,
    family,
    simulated: given.simulate ?? null,
    protocol,
    flowField,
    sourcePort: options.sourcePort,
    tos: options.tos,
    packetBytes,
    algorithm: settings.algorithm,
    failureProbability: settings.failureProbability,
    promisedFor: settings.promisedFor,
    flowsMax: settings.flowsMax,
    maxTtl: settings.maxTtl,
    gapLimit: settings.gapLimit,
    aliases: given.aliases === true,
    rate: rates.total,
    ratePerInterface: rates.perInterface,
    maxTimeMs: settings.maxTimeUs / 1000,
    seed: options.seed,
    firstProbes: plan.firstProbes,
    flowsByBranches: plan.flowsByBranches,
    ...cost,
  };
  const sentence = costSentence({
    ...cost,
    kind: PROBES[protocol],
    targets: [{ name, address }],
    port,
    families: [family],
  });
  writePlan(document, [sentence, '', ...planLines(plan, cost.sendingUs, given)], form);
}

function planLines(
  { options, source, firstProbes, flowsByBranches, probesMax }: PathsPlan,
  sendingUs: number,
  { aliases }: PathsOptions,
): string[] {
  const { settings, rates, protocol, flowField, sourcePort } = options;
  const number = protocol === 'icmp' ? 'identifier' : 'port';
  const ttls = firstProbes.map(({ ttl }) => ttl);
  const flows = new Set(firstProbes.map(({ flow }) => flow)).size;
  const [one, ...more] = flowsByBranches;
  return [
    `Flows:  up to ${settings.flowsMax} that differ in the ${FIELDS[flowField]}, from ${source} ` +
      `${number} ${sourcePort}`,
    `First:  ${firstProbes.length} probes of ${flows} flows at TTL ${Math.min(...ttls)} to ` +
      `${Math.max(...ttls)}, then more as its path becomes known`,
    `Each:   ${one} flows across an interface with one next hop, ${more.join(', ')} where 2, 3, ` +
      '4 are seen; a few more where there are several balancers',
    `Pace:   at most ${rates.total} probes a second in all, and ${rates.perInterface} towards ` +
      'one interface',
    `Ends:   when no branch is left to rule out, or after ${probesMax} probes ` +
      `(${secondsText(sendingUs)} at that pace) or ${secondsText(settings.maxTimeUs)}`,
    ...(aliases
      ? ['Then:   further probes, beyond those, that tell which interfaces are one router']
      : []),
  ];
}
