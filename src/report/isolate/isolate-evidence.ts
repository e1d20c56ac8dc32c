/** Why the verdict of an isolate record is what it is: for and against each suspect, and rivals. */

import { asOriginText } from '../../model/as-origin.ts';
import type { IsolateProtocol, IsolateRecord } from '../../model/isolate-record.ts';
import type { Place, RejectedCause, Suspect, UntestableLink } from '../../model/verdict.ts';
import { compareAddresses, endsEarly } from '../path-steps.ts';
import { counted, listed } from '../wrap.ts';

const LISTED_MAX = 8;
const UNTESTABLE: Readonly<Record<UntestableLink['why'], string>> = {
  silent: 'as the far end never answers',
  limited: 'as nothing behind answers reliably',
  'unanswering-target': 'as the target does not answer',
  'max-ttl': 'as no hop behind was asked',
  'not-probed': 'as no router before was asked',
};
const CAUSE: Readonly<Record<RejectedCause['cause'], string>> = {
  'icmp-rate-limit': 'no loss of traffic, only of ICMP replies (a rate limit, or their way back)',
  'return-loss': 'ruled out, loss on the way back',
  'target-rate-limit': 'ruled out, a limit on replies of the target',
  'path-change': 'ruled out, a change of paths',
  'own-host': 'ruled out, this host',
};
const WAY: Readonly<Record<Suspect['direction'], string>> = {
  forward: 'on the way there',
  return: 'on the way back',
  unknown: 'there or on the way back',
};

/** What else leaves a target without any answer, and how to ask it otherwise. */
const FILTERED: Readonly<Record<IsolateProtocol, (port: number) => string>> = {
  tcp: (port) =>
    `a filter of TCP port ${port} looks the same: try the port of a service there (--port), or ` +
    '--protocol icmp',
  udp: (port) =>
    `a service at UDP port ${port} that answers no stranger looks the same: try --protocol tcp ` +
    'and the port of a service there (--port)',
  icmp: () =>
    'a filter of echo requests looks the same: try --protocol tcp and the port of a service ' +
    'there (--port)',
};

/** A line for each piece of evidence, unwrapped; empty when there is nothing to say. */
export function evidenceLines(record: IsolateRecord): string[] {
  const { suspects, untestable } = record;
  const lines = suspects.flatMap((suspect) => suspectLines(suspect, record));
  return [
    ...lines,
    ...targetLines(record),
    ...reachLines(record),
    ...filterLines(record),
    ...onePathLines(record),
    ...rejectedLines(record),
    ...untestableLines(untestable),
  ];
}

function suspectLines(suspect: Suspect, record: IsolateRecord): string[] {
  const { flows, suspects, summary } = record;
  const { direction, flowsAcross, flowsLossy, probesAcross, probesLost, equivalents } = suspect;
  const around = flows.length - flowsAcross;
  const lossyAround = flows.filter(({ lossy }) => lossy).length - flowsLossy;
  const others = suspects.length > 1 && lossyAround > 0 ? ', other suspects included' : '';
  const control =
    around === 0
      ? 'with none around it to compare with'
      : `on ${Math.max(0, lossyAround)} of ${around} around it${others}`;
  const rivals = equivalents
    .map((rival) => placeName(rival, record))
    .filter((name) => !summary.includes(name));
  const probes = probesAcross === 0 ? '' : ` (${probesLost} of ${counted(probesAcross, 'probe')})`;
  const across = `loss on ${flowsLossy} of ${counted(flowsAcross, 'flow')} across it${probes}`;
  return [
    `${placeName(suspect, record)}: ${across}, ${control}; lost ${WAY[direction]}`,
    ...systemLines(suspect, record),
    ...(rivals.length === 0 ? [] : [`fits the same evidence: ${listed(rivals, LISTED_MAX)}`]),
  ];
}

/** Whose network a suspect is in: whom to call. */
export function systemLines({ near, far, addresses }: Suspect, { hops }: IsolateRecord): string[] {
  const known = new Map(
    hops.flatMap(({ interfaces }) => interfaces.map(({ address, as }) => [address, as] as const)),
  );
  const ends = [near, ...addresses, far].flatMap((address) =>
    address === null ? [] : (known.get(address) ?? []),
  );
  const names = [...new Set(ends.map(asOriginText))];
  if (names.length === 0) return [];
  return [names.length === 1 ? `it is in ${names[0]}` : `it is between ${names.join(' and ')}`];
}

/** Which of several targets a loss hits: what is lost to one of them only is not shared. */
export function targetLines({ targets, flows, suspects }: IsolateRecord): string[] {
  if (targets.length === 1 || suspects.length === 0) return [];
  const shares = targets.map(({ name }, target) => {
    const own = flows.filter((flow) => flow.target === target);
    return `${own.filter(({ lossy }) => lossy).length} of ${own.length} to ${name}`;
  });
  return [`flows with loss: ${listed(shares, LISTED_MAX)}`];
}

function linkText({ near, far, why }: UntestableLink): string {
  if (why === 'not-probed') return `the way to ${far ?? 'a silent hop'}`;
  return near === null && far === null
    ? 'what is between silent hops'
    : `${near ?? '*'} → ${far ?? '*'}`;
}

/** `10.0.0.1 → 10.0.1.1`, `router 10.0.0.1`; `*` for what never answers. */
export function placeName(
  { kind, near, far, addresses, beforeTtl }: Place,
  { targets }: Pick<IsolateRecord, 'targets'>,
): string {
  if (beforeTtl !== undefined) return far === null ? `up to TTL ${beforeTtl}` : `the way to ${far}`;
  const [first] = addresses;
  if (kind === 'node' && targets.some(({ address }) => address === first)) return `target ${first}`;
  if (kind === 'link') return `${near ?? '*'} → ${far ?? '*'}`;
  return addresses.length === 0 ? 'a router that never answers' : `router ${addresses.join(' = ')}`;
}

/** How many paths there are, as far as routers were asked for them. */
export function pathsText({ paths, minTtl, flows, targets }: IsolateRecord): string {
  const { found, lossy, broken } = paths;
  const answering = flows.flatMap(({ path }) => path.filter((who) => who !== null));
  const isEndToEnd = answering.every((who) => targets.some(({ address }) => address === who));
  const areRoutersSilent = flows.some(({ path }) => path.includes(null));
  if (isEndToEnd && answering.length > 0 && (minTtl > 1 || areRoutersSilent)) {
    return `not seen, as no router on the way ${areRoutersSilent ? 'answers' : 'was asked'}`;
  }
  const from = minTtl === 1 ? '' : ` from TTL ${minTtl} on`;
  return `${found} found${from}, ${lossy} with loss, ${broken} broken`;
}

/** How many flows get to the target, and where the others end. */
export function reachLines(record: IsolateRecord): string[] {
  const { flows, targets } = record;
  const ending = flows.filter((flow) => endsEarly(flow, record));
  if (ending.length === 0) {
    const isAll = flows.every(({ path, target }) => path.includes(targets[target]?.address ?? ''));
    const end = targets.length === 1 ? 'the target' : 'their targets';
    return isAll && flows.length > 0 ? [`all flows reach ${end}`] : [];
  }
  const ends = new Map<string, number>();
  for (const { path } of ending) {
    const last = path.findLast((who) => who !== null) ?? '*';
    ends.set(last, (ends.get(last) ?? 0) + 1);
  }
  const verb = ending.length === 1 ? 'ends' : 'end';
  const share = `${ending.length} of ${counted(flows.length, 'flow')} ${verb} early`;
  const places = [...ends].sort(([a, m], [b, n]) => n - m || compareAddresses(a, b));
  if (places.length === 1 && places[0]?.[0] === '*') return [`${share}: nobody answers at all`];
  const shown = places.map(([who, count]) =>
    who === '*' ? `nobody (${count})` : `${who} (${count})`,
  );
  return [`${share}; last to answer: ${listed(shown, LISTED_MAX)}`];
}

/** Where no probe gets an answer from the target: what to try before anybody is blamed. */
export function filterLines(record: IsolateRecord): string[] {
  const { verdict, protocol, targets, flows } = record;
  const isSilent = flows.some((flow) => endsEarly(flow, record)); // else it is only too far
  if (verdict !== 'target-unreachable' || !isSilent) return [];
  return [FILTERED[protocol](targets[0]?.port ?? 0)];
}

/** Echoes that all took one way tell nothing of the others, by which connections may go. */
export function onePathLines({ protocol, paths, flows, hops }: IsolateRecord): string[] {
  if (protocol !== 'icmp' || paths.found !== 1 || flows.length < 2 || hops.length < 2) return [];
  const say = `all ${flows.length} flows of echoes take one path`;
  return [`${say}, as where no balancer looks into them: try --protocol tcp for the other paths`];
}

/** One line for each kind of cause: its first case in full, the others by their places. */
export function rejectedLines({ rejected }: IsolateRecord): string[] {
  const causes = [...new Set(rejected.map(({ cause }) => cause))];
  return causes.map((each) => {
    const [first, ...others] = rejected.filter(({ cause }) => cause === each);
    const full = first === undefined ? '' : caseText(first);
    const likewise = listed(
      others.map(({ where }) => where),
      LISTED_MAX,
    );
    return `${CAUSE[each]}: ${full}${likewise === '' ? '' : `; likewise ${likewise}`}`;
  });
}

function caseText({ cause, where, why }: RejectedCause): string {
  if (cause === 'own-host') return why; // which says so itself
  if (cause !== 'path-change') return [where, why].filter((part) => part !== '').join(' ');
  return where.startsWith('TTL') ? why : `behind ${where}, ${why}`;
}

/** One line for each reason. */
export function untestableLines(untestable: IsolateRecord['untestable']): string[] {
  const reasons = [...new Set(untestable.map(({ why }) => why))];
  return reasons.map((reason) => {
    const links = new Set(untestable.filter(({ why }) => why === reason).map(linkText));
    return `not testable, ${UNTESTABLE[reason]}: ${listed([...links], LISTED_MAX)}`;
  });
}
