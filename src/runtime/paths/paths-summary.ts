/** What came of a multipath search, in one sentence. */

import { counted } from '../../lib/counted.ts';
import { namedAddress } from '../../model/named-address.ts';
import type { PathsRecord } from '../../model/paths-record.ts';

type Summarised = Pick<
  PathsRecord,
  | 'target'
  | 'paths'
  | 'balancers'
  | 'diamonds'
  | 'excluded'
  | 'hops'
  | 'reached'
  | 'maxTtl'
  | 'stopReason'
  | 'confidence'
  | 'confidenceOf'
  | 'changes'
>;

/** Paths, balancers, the widest hop, what changed meanwhile, what is excluded, and round trips. */
export function pathsSummary(record: Summarised): string {
  const { target, balancers, diamonds } = record;
  const name = namedAddress(target.name, target.address);
  const widest = Math.max(0, ...diamonds.map(({ width }) => width));
  const graph = [
    numbersText(record),
    `${counted(balancers.length, 'balancer')}${sprayText(balancers)}`,
    ...(widest > 1 ? [`widest ${widest}`] : []),
  ].join(', ');
  const parts = [`${name}: ${graph}`, changesText(record), certainty(record), roundTrips(record)];
  return `${parts.filter((part) => part !== '').join('; ')}.`;
}

/** What sends each packet another way makes no paths of its own. */
function sprayText(balancers: Summarised['balancers']): string {
  const count = balancers.filter(({ kind }) => kind === 'per-packet').length;
  if (count === 0) return '';
  return count === balancers.length ? ' by packet' : ` (${count} by packet)`;
}

function numbersText(record: Summarised): string {
  const { paths, reached, hops, maxTtl } = record;
  const { found, broken, unexplored } = paths;
  const isCut = hops.at(-1)?.ttl === maxTtl;
  const parts = [
    reached ? counted(found, 'path') : `not reached${isCut ? ` within --max-ttl ${maxTtl}` : ''}`,
    ...(broken > 0 ? [`${broken} broken`] : []),
    ...(unexplored > 0 ? [`${unexplored} unexplored`] : []),
  ];
  return parts.join(', ');
}

/** What was seen before the last change is no longer so, and is not in the graph. */
function changesText({ changes, stopReason }: Summarised): string {
  const last = changes.at(-1);
  if (last === undefined || stopReason === 'unstable') return ''; // which says it already
  const times = changes.length === 1 ? 'once' : `${changes.length} times`;
  return `the route changed ${times} meanwhile (last at TTL ${last.ttl}), this is the one since`;
}

function certainty(record: Summarised): string {
  const { excluded, stopReason, confidence, confidenceOf } = record;
  if (stopReason !== 'complete') return ENDED[stopReason];
  if (excluded === null) return '';
  const probability = rounded(confidenceOf === 'balancer' ? confidence : excluded.probability);
  if (confidenceOf === 'balancer') {
    return (
      `one more equal branch is excluded with probability ≥ ${probability} at each place alone, ` +
      'not at all of them together'
    );
  }
  const share = Math.ceil(100 * excluded.share);
  return (
    `at every place a further branch of ≥ ${share} % share is excluded ` +
    `with probability ≥ ${probability}`
  );
}

/** What would make a search sure that was cut short, as routers limit what they answer. */
export function limitNotes({
  stopReason,
  protocol,
  ttls,
  targetTtl,
}: Pick<PathsRecord, 'stopReason' | 'protocol'> & {
  readonly ttls: readonly number[];
  /** The nearest; undefined where the target is not reached. */
  readonly targetTtl: number | undefined;
}): string[] {
  if (ttls.length === 0 || stopReason !== 'max-time') return [];
  const where = `TTL ${ttls.slice(0, TTLS_NAMED_MAX).join(', ')}`;
  const more = ttls.length > TTLS_NAMED_MAX ? ` and ${ttls.length - TTLS_NAMED_MAX} more` : '';
  const isTargets =
    protocol === 'udp' && targetTtl !== undefined && ttls.some((ttl) => ttl >= targetTtl);
  const instead = isTargets ? ', or --protocol tcp, whose answers the target does not limit' : '';
  return [
    `ICMP errors are limited at ${where}${more}, which slows the search: ` +
      `give it more --max-time${instead}`,
  ];
}

const TTLS_NAMED_MAX = 8;

function rounded(probability: number): number {
  return Math.floor(1000 * probability + ROUNDING) / 1000;
}

/** 1 − 0.05 is a little less than 0.95 to a computer. */
const ROUNDING = 1e-9;

const ENDED: Readonly<Record<Exclude<PathsRecord['stopReason'], 'complete'>, string>> = {
  'flows-max': 'not sure: more flows are needed than --flows-max allows',
  'max-probes': 'not sure: ended by --max-probes',
  'max-time': 'not sure: ended by --max-time',
  unstable: 'not sure: paths kept changing',
  aborted: 'not sure: interrupted',
};

function roundTrips({ hops, reached }: Summarised): string {
  const places = hops.flatMap((hop) => hop.places);
  const ends = places.filter(({ end, rttMs }) => rttMs !== null && (end === 'target' || !reached));
  if (ends.length === 0) return '';
  const min = Math.min(...ends.map(({ rttMs }) => rttMs?.min ?? 0));
  const max = Math.max(...ends.map(({ rttMs }) => rttMs?.max ?? 0));
  const text = min === max ? milliseconds(min) : `${milliseconds(min)} to ${milliseconds(max)}`;
  return `RTT ${text} ms`;
}

function milliseconds(value: number): string {
  return String(Number(value.toPrecision(3)));
}
