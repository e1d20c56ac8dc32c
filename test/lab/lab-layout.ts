/**
 * Turns a network plan into what the kernel is told: the links between namespaces, and one shell
 * script per node with its settings, addresses, neighbours, routes and faults. Runs nothing.
 */

import type { IpFamily } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import type { AddressPair, NetworkPlan, PlannedLink } from '../../src/sim/network-plan.ts';
import { waysTo } from '../../src/sim/other-targets.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { type Fault, rulesetOf } from './lab-faults.ts';

/** A node of the plan with the links that it has, and the seed of its hash. */
export interface LabNode {
  readonly name: string;
  readonly isRouter: boolean;
  /** Its own address, on the loopback interface. */
  readonly address: AddressPair;
  /** 1 to 2^32 − 1: 0 would mean the kernel's own. */
  readonly hashSeed: number;
  readonly towardsTarget: readonly LabLink[];
  readonly towardsSource: readonly LabLink[];
  /** For each other target that can be reached from here: by which links. */
  readonly towardsOthers: readonly {
    readonly to: AddressPair;
    readonly links: readonly LabLink[];
  }[];
}

/** A link as one of its ends sees it. */
interface LabLink {
  readonly peer: string;
  readonly address: AddressPair;
  readonly peerAddress: AddressPair;
  readonly peerMac: string;
}

const FAMILIES: readonly IpFamily[] = [4, 6];
const LINK_PREFIX = { 4: 30, 6: 64 } as const;
const HOST_PREFIX = { 4: 32, 6: 128 } as const;
/**
 * All routers hash addresses, protocol and ports. For that, policy 3 with these fields always reads
 * the packet, whereas policy 1 prefers the hash that a local TCP socket left in the buffer: over
 * veth that survives every hop, and SYN-ACKs take a random way back. IPv6 has to live with it:
 * there `ip route get` computes another hash for policy 3 than forwarding does (which mixes in that
 * of an inner packet, present or not), and the true routes could not be asked for.
 */
const HASH_POLICY = { 4: 3, 6: 1 } as const;
const HASH_FIELDS = 0x37;
/** Linux keeps a half-open connection for a minute, and probes leave many. */
export const BACKLOG = 16_384;

/** The nodes of a plan, the hosts first. */
export function nodesOf(plan: NetworkPlan): LabNode[] {
  const random = new Random(plan.seed);
  const hosts = [
    { name: SOURCE, address: plan.source },
    { name: TARGET, address: plan.target.address },
  ];
  const others = plan.otherTargets.map(({ name, address }) => ({ name, address }));
  const routes = plan.otherTargets.map((target) => routesTo(plan, target));
  return [...hosts, ...plan.routers, ...others].map(({ name, address }) => ({
    name,
    address,
    isRouter: plan.routers.some((router) => router.name === name),
    hashSeed: 1 + random.below(0xffff_ffff),
    towardsTarget: plan.links.flatMap((link, n) => (link.near === name ? [linkFrom(link, n)] : [])),
    towardsSource: linksOf(plan).flatMap((link, n) => (link.far === name ? [linkTo(link, n)] : [])),
    towardsOthers: plan.otherTargets.map((target, i) => ({
      to: target.address,
      links: routes[i]?.get(name) ?? [],
    })),
  }));
}

/** Those to other targets last, as they are numbered. */
function linksOf(plan: NetworkPlan): readonly PlannedLink[] {
  return [...plan.links, ...plan.otherTargets.flatMap(({ links }) => links)];
}

/** By which links each node sends what is for another target, as on the simulated network. */
function routesTo(
  plan: NetworkPlan,
  { name, links }: NetworkPlan['otherTargets'][number],
): ReadonlyMap<string, readonly LabLink[]> {
  const nodes = [SOURCE, ...plan.routers.map((router) => router.name)];
  const next = new Map(
    nodes.map((node) => [
      node,
      plan.links.flatMap(({ near, far }) => (near === node ? [far] : [])),
    ]),
  );
  const ways = waysTo(next, new Set(links.map(({ near }) => near)));
  return new Map(
    nodes.map((node) => {
      const isDirect = links.some(({ near }) => near === node);
      const fars = isDirect ? [name] : (ways.get(node) ?? []);
      const taken = linksOf(plan).flatMap((link, n) =>
        link.near === node && fars.includes(link.far) ? [linkFrom(link, n)] : [],
      );
      return [node, taken];
    }),
  );
}

/** The interface of a node that leads to `peer`. */
export function interfaceTo(peer: string): string {
  return `to-${peer}`;
}

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
  const ruleset = rulesetOf(faults);
  return [
    'set -e',
    'cd /proc/sys/net',
    ...settingsOf(plan, node),
    heredoc('ip -batch -', addressLines(node).concat(routeLines(plan, node))),
    ...(ruleset.length === 0 ? [] : [heredoc('nft -f -', ruleset)]),
    '',
  ].join('\n');
}

function linkFrom({ far, nearAddress, farAddress }: PlannedLink, n: number): LabLink {
  return { peer: far, address: nearAddress, peerAddress: farAddress, peerMac: macOf(n, 'far') };
}

function linkTo({ near, nearAddress, farAddress }: PlannedLink, n: number): LabLink {
  return { peer: near, address: farAddress, peerAddress: nearAddress, peerMac: macOf(n, 'near') };
}

/** Locally administered (IEEE 802, second lowest bit of the first octet), unique within the lab. */
function macOf(n: number, end: 'near' | 'far'): string {
  const octets = [0x02, 0xfa, n >> 8, n & 0xff, 0, end === 'near' ? 1 : 2];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

function heredoc(command: string, lines: readonly string[]): string {
  return [`${command} <<'END'`, ...lines, 'END'].join('\n');
}

function settingsOf(plan: NetworkPlan, { isRouter, hashSeed }: LabNode): string[] {
  const byIngress = errorSourceOf(plan, 4) === 'ingress';
  const settings: (readonly [path: string, value: number | string])[] = [
    ['ipv4/ip_forward', Number(isRouter)],
    ['ipv6/conf/all/disable_ipv6', 0],
    ['ipv6/conf/all/forwarding', Number(isRouter)],
    ['ipv4/fib_multipath_hash_policy', HASH_POLICY[4]],
    ['ipv4/fib_multipath_hash_fields', HASH_FIELDS],
    ['ipv6/fib_multipath_hash_policy', HASH_POLICY[6]],
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
    'for conf in ipv4/conf/*; do echo 0 > $conf/rp_filter; done',
  ];
}

function addressLines({ address, ...node }: LabNode): string[] {
  const { towardsTarget, towardsSource, towardsOthers } = node;
  const own = FAMILIES.map((family) => addressLine(address, family, HOST_PREFIX[family], 'lo'));
  const lines = ['link set lo up', ...own];
  const all = [...towardsSource, ...towardsTarget, ...towardsOthers.flatMap(({ links }) => links)];
  const byPeer = new Map(all.map((link) => [link.peer, link]));
  for (const link of byPeer.values()) {
    const name = interfaceTo(link.peer);
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

function routeLines(plan: NetworkPlan, node: LabNode): string[] {
  const ways = [
    { to: plan.target.address, links: node.towardsTarget },
    { to: plan.source, links: node.towardsSource },
    ...node.towardsOthers,
  ].filter(({ links }) => links.length > 0);
  return FAMILIES.flatMap((family) =>
    ways.map(({ to, links }) => {
      const steps = links.map(
        ({ peer, peerAddress }) => `nexthop via ${peerAddress[family]} dev ${interfaceTo(peer)}`,
      );
      const host = `${to[family]}/${HOST_PREFIX[family]}`;
      return `route add ${host} src ${node.address[family]} ${steps.join(' ')}`;
    }),
  );
}

/** The family that the plan is not about answers as on Linux (see `planNetwork`). */
function errorSourceOf(plan: NetworkPlan, family: IpFamily): NetworkPlan['errorSource'] {
  if (plan.family === family) return plan.errorSource;
  return family === 4 ? 'ingress' : 'router';
}
