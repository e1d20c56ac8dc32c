/** `fantrace watch --dry-run`: what would be watched, traced and written, in words. */

import { counted } from '../../lib/counted.ts';
import { formatDuration } from '../../lib/duration.ts';
import { formatIpPrefix, type IpPrefix } from '../../lib/ip-prefix.ts';
import { HOST_TCP } from '../../runtime/host/kernel-tcp.ts';
import { ownAddresses } from '../../runtime/host/own-addresses.ts';
import { ownAddressTest } from '../../watch/own-addresses.ts';
import { connectionFrom } from '../../watch/sources/kernel-sources.ts';
import { HOST_CLOCK } from '../../watch/watch-clock.ts';
import { drawFor, skipReason } from '../../watch/watch-policy.ts';
import type { WatchFlags } from './watch-flags.ts';
import { tuningOf } from './watch-tuning.ts';

/** The plan, and what it would do with the connections that are open now. */
export function formatPlan(flags: WatchFlags): string {
  const { policy } = tuningOf(flags);
  const { include, exclude, ports, excludePorts, sample } = flags;
  const tracers = flags.tracer
    .map((name) => (name === 'native' ? `native (${flags.kind} by ${flags.method})` : name))
    .join(', then ');
  const ports_ = [
    ...(ports.length === 0 ? [] : [`ports ${ports.join(', ')} of ours only`]),
    ...(excludePorts.length === 0 ? [] : [`no port ${excludePorts.join(', ')}`]),
  ];
  const addresses = [
    ...(include.length === 0 ? [] : [`only to ${listOf(include)}`]),
    ...(exclude.length === 0 ? [] : [`never to ${listOf(exclude)}`]),
    ...(sample === 1 ? [] : [`${Number((100 * sample).toPrecision(3))}% of the addresses`]),
  ];
  const bounds = [
    `at most ${flags.concurrency} at a time`,
    `each within ${formatDuration(flags.timeout)}`,
    `an address once in ${formatDuration(flags.cache)}`,
  ];
  const rows = [
    ['Connections', [`from ${flags.source}`, ...ports_, ...addresses].join('; ')],
    ['Traces', [`by ${tracers}`, ...bounds].join('; ')],
    ['Files', filesOf(flags)],
    ['Open now', openNow(flags, policy)],
  ];
  return rows.map(([name = '', text]) => `${`${name}:`.padEnd(13)}${text}\n`).join('');
}

function filesOf({ output, fileMode, anonymize, hopAnnotations }: WatchFlags): string {
  return [
    `${output}/YYYY/MM/DD/, mode ${fileMode.toString(8).padStart(4, '0')}`,
    ...(anonymize === 'none' ? [] : ['clients hidden in their network']),
    ...(hopAnnotations === undefined ? [] : [`whose hops are in ${hopAnnotations}`]),
  ].join('; ');
}

function openNow({ own }: WatchFlags, policy: Parameters<typeof skipReason>[1]): string {
  const isOwn = ownAddressTest(ownAddresses, own, HOST_CLOCK);
  const draw = (address: string): number => drawFor(address, 0);
  const connections = HOST_TCP.dump().map(connectionFrom);
  const reasons = connections.map((each) => skipReason(each, policy, { isOwn, draw }));
  const counts = new Map<string, number>();
  for (const reason of reasons) {
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const left = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const traced = reasons.filter((reason) => reason === undefined).length;
  const all = `${counted(connections.length, 'connection')}, of which ${traced} would be traced`;
  return left === '' ? all : `${all} (left alone: ${left})`;
}

function listOf(prefixes: readonly IpPrefix[]): string {
  return prefixes.map(formatIpPrefix).join(', ');
}
