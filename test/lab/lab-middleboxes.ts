/**
 * Routers that change what they forward, as nftables rules: TTL, traffic class, sequence numbers,
 * addresses and ports; those of a tunnel that leaves the TTL alone; those that answer SYNs for the
 * target. All of it comes after the losses of a router, which see packets as they came.
 */

import { Random } from '../../src/lib/random.ts';
import type { NetworkPlan, PlannedRouter } from '../../src/sim/network-plan.ts';
import type { Nat, Rewrites } from '../../src/sim/scenario-model.ts';

/** Flipped by a router that hides sequence numbers; adding 1 to an acknowledgment leaves it. */
const SEQUENCE_MASK = '0x5a000000';
/** Flipped in ports by a translator that leaves quotes as they are; 1024 and above stay there. */
const PORT_MASK = '0x0155';
/** No path of a lab is longer, so that no larger TTL is ever told from its neighbours. */
const TUNNEL_TTL_MAX = 64;
const PORT_MIN = 1024;
const PORT_MAX = 0xffff;
const HAS_PORTS = 'meta l4proto { tcp, udp }';

/** Lines for `nft -f`; none for a router that changes nothing. */
export function middleboxRules(plan: NetworkPlan, router: PlannedRouter): string[] {
  return [
    ...(router.rewrites === undefined ? [] : rewriting(plan, router.rewrites)),
    ...(router.nat === undefined ? [] : translating(plan, router, router.nat)),
    ...(router.isHidden ? tunnel() : []),
    ...(router.isSynProxy ? proxying(plan) : []),
  ];
}

function rewriting({ source, target }: NetworkPlan, { ttl, tos, sequence }: Rewrites): string[] {
  const there4 = `ip daddr ${target.address[4]}`;
  const there6 = `ip6 daddr ${target.address[6]}`;
  const rules = [
    ...(ttl === undefined
      ? []
      : [`${there4} ip ttl set ${ttl}`, `${there6} ip6 hoplimit set ${ttl}`]),
    ...(tos === undefined
      ? []
      : [
          `${there4} ip dscp set ${tos >> 2} ip ecn set ${tos & 3}`,
          `${there6} ip6 dscp set ${tos >> 2} ip6 ecn set ${tos & 3}`,
        ]),
    ...(sequence
      ? [there4, there6].map(
          (there) => `${there} tcp sequence set tcp sequence xor ${SEQUENCE_MASK}`,
        )
      : []),
    ...(sequence
      ? [`ip daddr ${source[4]}`, `ip6 daddr ${source[6]}`].map(
          (back) => `${back} tcp ackseq set tcp ackseq xor ${SEQUENCE_MASK}`,
        )
      : []),
  ];
  return table('rewriter', { 'filter hook forward priority filter + 10': rules });
}

/** By connection tracking where quotes are to be restored, and packet by packet where not. */
function translating(plan: NetworkPlan, { address }: PlannedRouter, nat: Nat): string[] {
  const { source, target } = plan;
  const there = { ip: target.address[4], ip6: target.address[6] };
  const own = { ip: address[4], ip6: address[6] };
  const prober = { ip: source[4], ip6: source[6] };
  const families = ['ip', 'ip6'] as const;
  if (nat.restoresQuotes) {
    const ports = nat.ports === 'mapped' ? ' : th sport map @ports' : '';
    const rules = families.map(
      (ip) => `${ip} daddr ${there[ip]} ${HAS_PORTS} snat ${ip} to ${own[ip]}${ports}`,
    );
    const others = families.map(
      (ip) => `${ip} daddr ${there[ip]} snat ${ip} to ${own[ip]}`, // echo requests have no ports
    );
    return [
      'table inet translator {',
      ...(nat.ports === 'mapped' ? portMap(plan.seed) : []),
      'chain leaving { type nat hook postrouting priority srcnat;',
      ...rules,
      ...others,
      '}',
      '}',
    ];
  }
  const swap = (which: 'sport' | 'dport') =>
    nat.ports === 'mapped' ? [`th ${which} set th ${which} xor ${PORT_MASK}`] : [];
  return table('translator', {
    'filter hook postrouting priority filter': families.flatMap((ip) => [
      ...swap('sport').map((set) => `${ip} daddr ${there[ip]} ${HAS_PORTS} ${set}`),
      `${ip} daddr ${there[ip]} ${ip} saddr set ${own[ip]}`,
    ]),
    'filter hook prerouting priority filter': families.flatMap((ip) => [
      ...swap('dport').map((set) => `${ip} daddr ${own[ip]} ${HAS_PORTS} ${set}`),
      `${ip} daddr ${own[ip]} ${ip} daddr set ${prober[ip]}`,
    ]),
  });
}

/** Another port for each, always the same one: a plain range draws lots for each connection. */
function portMap(seed: number): string[] {
  const ports = Array.from({ length: PORT_MAX - PORT_MIN + 1 }, (_, i) => PORT_MIN + i);
  const shuffled = [...ports];
  new Random(seed).shuffle(shuffled);
  const elements = ports.map((port, i) => `${port} : ${shuffled[i]}`);
  return [
    'map ports {',
    'type inet_service : inet_service',
    `elements = { ${elements.join(', ')} }`,
    '}',
  ];
}

/** Gives back what the kernel is about to take, from the largest TTL down: each rule hits once. */
function tunnel(): string[] {
  const ttls = Array.from({ length: TUNNEL_TTL_MAX }, (_, i) => TUNNEL_TTL_MAX - i);
  return table('tunnel', {
    'filter hook prerouting priority mangle': ttls.flatMap((ttl) => [
      `ip ttl ${ttl} ip ttl set ${ttl + 1}`,
      `ip6 hoplimit ${ttl} ip6 hoplimit set ${ttl + 1}`,
    ]),
  });
}

/** A SYN whose TTL ends here is none of its business, and must not open a connection. */
function proxying({ target }: NetworkPlan): string[] {
  const expiring = ['ip ttl 1 notrack', 'ip6 hoplimit 1 notrack'];
  const syns = [`ip daddr ${target.address[4]}`, `ip6 daddr ${target.address[6]}`];
  return table('proxy', {
    'filter hook prerouting priority raw': expiring,
    'nat hook prerouting priority dstnat': syns.map(
      (to) => `${to} tcp flags & (syn | ack) == syn redirect to :${target.port}`,
    ),
  });
}

function table(name: string, chains: Readonly<Record<string, readonly string[]>>): string[] {
  return [
    `table inet ${name} {`,
    ...Object.entries(chains).flatMap(([hook, rules], i) => [
      `chain c${i} { type ${hook};`,
      ...rules,
      '}',
    ]),
    '}',
  ];
}
