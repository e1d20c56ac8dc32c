/**
 * Turns a network plan into what the kernel is told: the links between namespaces, and one shell
 * script per node with its settings, addresses, neighbours, routes and faults. Runs nothing.
 */

import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { AddressPair, NetworkPlan } from '../../src/sim/network-plan.ts';
import { type Fault, rulesetOf } from './lab-faults.ts';
import { middleboxRules } from './lab-middleboxes.ts';
import {
  ETHERNET_MTU,
  FAMILIES,
  HOST_PREFIX,
  interfaceTo,
  type LabNode,
  linksOf,
  macOf,
  nodesOf,
} from './lab-nodes.ts';
import { markedRouteLines, markingRules, markRuleLines, routeLines } from './lab-routing.ts';

const LINK_PREFIX = { 4: 30, 6: 64 } as const;
/**
 * All routers hash addresses, protocol and ports. For that, policy 3 with these fields always reads
 * the packet, whereas policy 1 prefers the hash that a local TCP socket left in the buffer: over
 * veth that survives every hop, and SYN-ACKs take a random way back. IPv6 has to live with it:
 * there `ip route get` computes another hash for policy 3 than forwarding does (which mixes in that
 * of an inner packet, present or not), and the true routes could not be asked for.
 */
const HASH_POLICY = { 4: 3, 6: 1 } as const;
const HASH_FIELDS = 0x37;
const DESTINATION_ONLY = 0x2;
const ADDRESSES_ONLY = 0;
/** Linux keeps a half-open connection for a minute, and probes leave many. */
export const BACKLOG = 16_384;

/** Lines for `ip -batch` that make all namespaces, and the links between them. */
export function namespaceBatch(plan: NetworkPlan, namespaceOf: (node: string) => string): string {
  const lines = nodesOf(plan).map(({ name }) => `netns add ${namespaceOf(name)}`);
  for (const [n, { near, far }] of linksOf(plan).entries()) {
    const nearEnd = `${interfaceTo(far)} address ${macOf(n, 'near')} netns ${namespaceOf(near)}`;
    const farEnd = `${interfaceTo(near)} address ${macOf(n, 'far')} netns ${namespaceOf(far)}`;
    lines.push(`link add name ${nearEnd} type veth peer name ${farEnd}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A shell script that sets up one node from within its namespace. */
export function nodeScript(plan: NetworkPlan, node: LabNode, faults: readonly Fault[]): string {
  const rules = markRuleLines(plan, node);
  const ruleset = [
    ...rulesetOf(faults),
    ...markingRules(plan, node),
    ...(node.router === undefined ? [] : middleboxRules(plan, node.router)),
  ];
  const lines = [...addressLines(node), ...routeLines(plan, node), ...markedRouteLines(plan, node)];
  return [
    'set -e',
    'cd /proc/sys/net',
    ...settingsOf(plan, node),
    heredoc('ip -batch -', [...lines, ...rules]),
    ...(rules.length === 0 ? [] : [heredoc('ip -6 -batch -', rules)]),
    ...(ruleset.length === 0 ? [] : [heredoc('nft -f -', ruleset)]),
    '',
  ].join('\n');
}

function heredoc(command: string, lines: readonly string[]): string {
  return [`${command} <<'END'`, ...lines, 'END'].join('\n');
}

function settingsOf(plan: NetworkPlan, { router, hashSeed, balancing }: LabNode): string[] {
  const isRouter = router !== undefined;
  const byIngress = plan.family === 6 || router?.errorAddress === undefined;
  const isPerDestination = balancing.kind === 'per-destination';
  const settings: (readonly [path: string, value: number | string])[] = [
    ['ipv4/ip_forward', Number(isRouter)],
    ['ipv6/conf/all/disable_ipv6', 0],
    ['ipv6/conf/all/forwarding', Number(isRouter)],
    ['ipv4/fib_multipath_hash_policy', HASH_POLICY[4]],
    ['ipv4/fib_multipath_hash_fields', isPerDestination ? DESTINATION_ONLY : HASH_FIELDS],
    ['ipv6/fib_multipath_hash_policy', isPerDestination ? ADDRESSES_ONLY : HASH_POLICY[6]],
    ['ipv6/auto_flowlabels', 0], // making one leaves such a hash in the buffer
    ['ipv4/icmp_errors_use_inbound_ifaddr', Number(byIngress)],
    // No type is limited, neither per peer nor over all: masks work on every kernel, whereas the
    // limit over all is one for the whole machine before Linux 6.12. 129 (echo reply) is never
    // limited anyway (RFC 4443 §2.4 (f) is about errors), and the list must not be empty.
    ['ipv4/icmp_ratemask', 0],
    ['ipv6/icmp/ratemask', 129],
    ['ipv4/icmp_ratelimit', 0],
    ['ipv6/icmp/ratelimit', 0],
    ['ipv4/tcp_syncookies', 0], // a cookie is never repeated, a SYN-ACK is
    ['ipv4/tcp_max_syn_backlog', BACKLOG],
    ['core/somaxconn', BACKLOG],
  ];
  return [
    ...settings.map(([path, value]) => `echo ${value} > ${path}`),
    // Absent before Linux 6.11, where a plan that needs it is refused.
    `if [ -e ipv4/fib_multipath_hash_seed ]; then echo ${hashSeed} > ipv4/fib_multipath_hash_seed; fi`,
    // Nor does a router tell the source of a better way where it sends packets back.
    'for conf in ipv4/conf/*; do echo 0 > $conf/rp_filter; echo 0 > $conf/send_redirects; done',
  ];
}

function addressLines({ address, links }: LabNode): string[] {
  const own = FAMILIES.map((family) => addressLine(address, family, HOST_PREFIX[family], 'lo'));
  const lines = ['link set lo up', ...own];
  for (const link of links) {
    const name = interfaceTo(link.peer);
    if (link.mtu < ETHERNET_MTU) lines.push(`link set ${name} mtu ${link.mtu}`);
    // Without a link-local address it asks nobody for routers, and tests no address for duplicates.
    lines.push(`link set ${name} addrgenmode none up`);
    for (const family of FAMILIES) {
      const peer = `${link.peerAddress[family]} lladdr ${link.peerMac}`;
      lines.push(
        addressLine(link.address, family, LINK_PREFIX[family], name),
        `neigh replace ${peer} dev ${name} nud permanent`,
      );
    }
  }
  return lines;
}

function addressLine(
  address: AddressPair,
  family: IpFamily,
  prefixBits: number,
  dev: string,
): string {
  const noDuplicateTest = family === 6 ? ' nodad' : '';
  return `addr add ${address[family]}/${prefixBits} dev ${dev}${noDuplicateTest}`;
}
