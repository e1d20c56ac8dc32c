/** Which packets a fault of a plan hits, as nftables matches. */

import type { FaultFilter } from '../../src/sim/scenario-model.ts';

const HAS_PORTS = 'meta l4proto { tcp, udp }';

/**
 * Matches for packets of IPv4 and of IPv6, in this order; empty where every packet is meant.
 *
 * Buckets are those of the flow's addresses and ports as they are at that place.
 *
 * @param seed of the hash whose buckets count, 32 bits
 */
export function filterMatches(
  { hashBucket, sourcePort, bytesMin, dscp }: FaultFilter,
  { direction, seed }: { direction: 'forward' | 'return'; seed: number },
): readonly [ipv4: string, ipv6: string] {
  const port = direction === 'forward' ? 'sport' : 'dport';
  const matches = (ip: 'ip' | 'ip6') => [
    ...(bytesMin === undefined ? [] : [`meta length >= ${bytesMin}`]),
    ...(dscp === undefined ? [] : [`${ip} dscp ${dscp}`]),
    ...(hashBucket === undefined && sourcePort === undefined ? [] : [HAS_PORTS]),
    ...(sourcePort === undefined ? [] : [`th ${port} ${sourcePort}`]),
    ...(hashBucket === undefined
      ? []
      : [
          `jhash ${ip} saddr . ${ip} daddr . th sport . th dport mod ${hashBucket.of} ` +
            `seed ${seed} == ${hashBucket.index}`,
        ]),
  ];
  return [matches('ip').join(' '), matches('ip6').join(' ')];
}
