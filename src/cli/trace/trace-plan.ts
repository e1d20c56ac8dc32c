/** `fantrace trace --dry-run`: what would be sent, where to, and what that may cost. */

import { formatDuration } from '../../lib/duration.ts';
import { printable } from '../../lib/printable.ts';
import type { TraceProtocol } from '../../model/trace-record.ts';
import type { TraceOptions } from '../../runtime/trace/trace-options.ts';
import {
  type PlannedTrace,
  planCourse,
  planTrace,
  type TraceCourse,
} from '../../runtime/trace/trace-plan.ts';
import { costSentence, type PlanForm, writePlan } from '../plan-text.ts';

const SCHEMA = 'fantrace.trace-plan/1';
const PROBES: Readonly<Record<TraceProtocol, string>> = {
  udp: 'UDP',
  'udp-classic': 'UDP',
  tcp: 'TCP SYN',
  'tcp-ack': 'TCP',
  icmp: 'ICMP echo',
};

type Target = PlannedTrace & { readonly name: string };

/** Writes the plan of all traces together. @throws as the first of them that cannot be made */
export async function showTracePlan(
  targets: readonly string[],
  given: TraceOptions,
  form: PlanForm,
): Promise<void> {
  const course = planCourse(given);
  const planned: Target[] = [];
  for (const target of targets) {
    planned.push({ name: printable(target), ...(await planTrace(target, given, course)) });
  }
  const probesMax = course.probesMax * planned.length;
  const { options, firstTtls } = course;
  const { settings, rates } = options;
  const cost = {
    probesMax,
    bytesMax: planned.reduce((sum, { packetBytes }) => sum + course.probesMax * packetBytes, 0),
    sendingUs: Math.round((probesMax / rates.total) * 1e6),
  };
  const document = {
    schema: SCHEMA,
    targets: planned,
    simulated: given.simulate ?? null,
    protocol: options.protocol,
    sourcePort: options.sourcePort,
    tos: options.tos,
    firstTtl: settings.firstTtl,
    maxTtl: settings.maxTtl,
    queries: settings.queries,
    retries: settings.retries,
    timeoutMs: settings.timeoutUs / 1000,
    gapLimit: settings.gapLimit,
    parallelTtls: settings.parallelTtls,
    maxTimeMs: given.maxTimeMs ?? null,
    rate: rates.total,
    ratePerInterface: rates.perInterface,
    firstTtls,
    ...cost,
  };
  writePlan(document, planLines(planned, course, { ...cost, isExact: isExact(given) }), form);
}

function isExact({ sourcePort, protocol }: TraceOptions): boolean {
  return sourcePort !== undefined || protocol === 'icmp';
}

interface Cost {
  readonly probesMax: number;
  readonly bytesMax: number;
  readonly sendingUs: number;
  /** Whether no other source port will do. */
  readonly isExact: boolean;
}

function planLines(targets: readonly Target[], course: TraceCourse, cost: Cost): string[] {
  const { options } = course;
  const { settings, rates, protocol, port, sourcePort } = options;
  const { maxTtl, gapLimit, timeoutUs, maxTimeUs } = settings;
  const sources = [...new Set(targets.map(({ source }) => source))];
  const number = protocol === 'icmp' ? 'identifier' : 'port';
  const sentence = costSentence({
    ...cost,
    kind: PROBES[protocol],
    targets,
    port,
    families: targets.map(({ family }) => family),
  });
  const ends = [
    'when the target and every hop before it have answered or had their time',
    ...(gapLimit === 0 ? [] : [`behind ${gapLimit} silent hops`]),
    `at TTL ${maxTtl}`,
    ...(maxTimeUs === Number.POSITIVE_INFINITY ? [] : [`after ${formatDuration(maxTimeUs)}`]),
  ];
  return [
    sentence,
    '',
    `From:   ${sources.join(', ')} ${number} ${sourcePort}` +
      (cost.isExact ? '' : ', or the first free one from there on'),
    `First:  ${firstWords(course, targets.length)}`,
    `Pace:   at most ${rates.total} probes a second in all, and ${rates.perInterface} towards ` +
      `one interface: ${formatDuration(cost.sendingUs)} for all that may be sent`,
    `Waits:  at most ${formatDuration(timeoutUs)} for a reply`,
    `Ends:   ${ends.slice(0, -1).join(', ')}, or ${ends.at(-1)}`,
  ];
}

/** Which probes leave at once, and which follow. */
function firstWords({ options, firstTtls }: TraceCourse, targets: number): string {
  const { firstTtl, maxTtl, queries, retries } = options.settings;
  const count = firstTtls.length;
  const last = firstTtls.at(-1) ?? firstTtl;
  const probes =
    count === 1 ? `1 probe, at TTL ${last}` : `${count} probes, TTL ${firstTtl} to ${last}`;
  return [
    `${probes}${targets === 1 ? '' : ', to each target'}`,
    ...(last === maxTtl ? [] : [`the next TTL, up to ${maxTtl}, as each is settled`]),
    ...(queries === 1 ? [] : [`then ${queries - 1} more for each hop up to the target`]),
    ...(retries === 0 ? [] : [`up to ${retries} more for each that is lost`]),
  ].join('; ');
}
