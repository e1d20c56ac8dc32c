/**
 * Where the nodes of a lab send packets. The kernel's own multipath routes do what they can: next
 * hops by weight, by flow or by destination, those of a fixed route of the plan included. For all
 * else nftables marks each packet with a next hop before it is routed, from the same table of
 * places that the simulated network has: packet by packet, by hash bucket, or for some time only.
 */

import { Random } from '../../src/lib/random.ts';
import { Balancer } from '../../src/sim/balancing.ts';
import type { NetworkPlan, PlannedRoute } from '../../src/sim/network-plan.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { isAlways, timeMatch } from './lab-clock.ts';
import { FAMILIES, HOST_PREFIX, interfaceTo, type LabLink, type LabNode } from './lab-nodes.ts';

/** Marks and their routing tables: the kernel's own tables are 253 to 255. */
const FIRST_MARK = 100;
const MARKING_TABLE = 'marking';
/** ICMP has no ports, and is hashed by addresses, as the kernel does it. */
const HAS_PORTS = 'meta l4proto { tcp, udp }';
const HAS_NONE = 'meta l4proto != { tcp, udp }';

type Way = 'target' | 'source';
const WAYS: readonly Way[] = ['target', 'source'];

/** Lines for `ip -batch`: the routes of a node that need no marks. */
export function routeLines(plan: NetworkPlan, node: LabNode): string[] {
  const toSource = usualLinks(plan, node, 'source');
  const sourceOfErrors = node.router?.errorAddress ?? node.address;
  const ways = [
    { to: plan.target.address, links: usualLinks(plan, node, 'target'), own: node.address },
    ...node.towardsOthers.map((way) => ({ ...way, own: node.address })),
    { to: plan.source, links: toSource, own: sourceOfErrors },
    ...translated(plan, node).map((to) => ({ to, links: toSource, own: node.address })),
  ].filter(({ links }) => links.length > 0);
  return FAMILIES.flatMap((family) =>
    ways.map(({ to, links, own }) => {
      const steps = links.map(
        ({ peer, peerAddress, weight }) =>
          `nexthop via ${peerAddress[family]} dev ${interfaceTo(peer)} weight ${weight}`,
      );
      const host = `${to[family]}/${HOST_PREFIX[family]}`;
      return `route add ${host} src ${own[family]} ${steps.join(' ')}`;
    }),
  );
}

/** Lines for `ip -batch` and `ip -6 -batch`: a table for each neighbour that a mark may choose. */
export function markedRouteLines(plan: NetworkPlan, node: LabNode): string[] {
  if (!isMarking(plan, node)) return [];
  return node.links.flatMap(({ peer, peerAddress }, i) =>
    FAMILIES.flatMap((family) =>
      WAYS.map((way) => {
        const to = `${endOf(plan, way)[family]}/${HOST_PREFIX[family]}`;
        const via = `via ${peerAddress[family]} dev ${interfaceTo(peer)}`;
        return `route add ${to} ${via} table ${FIRST_MARK + i}`;
      }),
    ),
  );
}

/** Lines for `ip -batch` in each family: which mark means which table. */
export function markRuleLines(plan: NetworkPlan, node: LabNode): string[] {
  if (!isMarking(plan, node)) return [];
  return node.links.map((_, i) => `rule add fwmark ${FIRST_MARK + i} lookup ${FIRST_MARK + i}`);
}

/** Lines for `nft -f` that mark the packets which a node forwards; none where nothing asks for it. */
export function markingRules(plan: NetworkPlan, node: LabNode): string[] {
  if (!isMarking(plan, node)) return [];
  const timed = timedRoutes(plan, node);
  return [
    `table inet ${MARKING_TABLE} {`,
    ...timed.flatMap((_, i) => [`chain ${timedChain(i)} { }`]),
    'chain marks { type filter hook prerouting priority mangle;',
    ...WAYS.flatMap((way) => (marksAllOf(node, way) ? marksFor(plan, node, { way }) : [])),
    ...timed.map((_, i) => `jump ${timedChain(i)}`),
    '}',
    '}',
  ];
}

/** The same for what depends on time, once it is known when that starts. */
export function clockedMarkingRules(plan: NetworkPlan, node: LabNode, startS: number): string[] {
  return timedRoutes(plan, node).flatMap((route, i) => {
    const chain = `inet ${MARKING_TABLE} ${timedChain(i)}`;
    const when = timeMatch(route.window, startS);
    const rules = marksFor(plan, node, { way: route.towards, route });
    return [`flush chain ${chain}`, ...rules.map((rule) => `add rule ${chain} ${when} ${rule}`)];
  });
}

/** Whether a node's routing tables alone do not say where packets go. */
export function isMarking(plan: NetworkPlan, node: LabNode): boolean {
  return timedRoutes(plan, node).length > 0 || marksAlways(node);
}

/** Whether that is so at all times. */
export function marksAlways(node: LabNode): boolean {
  return WAYS.some((way) => marksAllOf(node, way));
}

function marksAllOf(node: LabNode, way: Way): boolean {
  const { kind, buckets } = node.balancing;
  return (kind === 'per-packet' || buckets > 0) && linksOf(node, way).length > 1;
}

function timedRoutes({ routes }: NetworkPlan, { name }: LabNode): PlannedRoute[] {
  return routes.filter(({ router, window }) => router === name && !isAlways(window));
}

/** Where packets go unless something else is so for some time. */
function usualLinks({ routes }: NetworkPlan, node: LabNode, way: Way): readonly LabLink[] {
  const fixed = routes.findLast(
    ({ router, towards, window }) => router === node.name && towards === way && isAlways(window),
  );
  return fixed === undefined ? linksOf(node, way) : linksTo(node, fixed.nextHops);
}

/** Rules that mark what goes one way. */
function marksFor(
  plan: NetworkPlan,
  node: LabNode,
  { way, route }: { way: Way; route?: PlannedRoute },
): string[] {
  const traits = { ...node.balancing, hashSeed: node.hashSeed, random: new Random(0) };
  const usual = new Balancer(choicesOf(node, usualLinks(plan, node, way)), traits);
  const { places } =
    route === undefined
      ? usual
      : new Balancer(choicesOf(node, linksTo(node, route.nextHops)), traits, usual);
  return FAMILIES.flatMap((family) => {
    const ip = family === 4 ? 'ip' : 'ip6';
    const to = `${ip} daddr ${endOf(plan, way)[family]}`;
    if (places.length === 1) return [`${to} meta mark set ${places[0]}`];
    const map = `map { ${places.map((mark, i) => `${i} : ${mark}`).join(', ')} }`;
    if (node.balancing.kind === 'per-packet') {
      return [`${to} meta mark set numgen random mod ${places.length} ${map}`];
    }
    const tail = `mod ${places.length} seed ${node.hashSeed} ${map}`;
    const ends = node.balancing.kind === 'per-destination' ? '' : `${ip} saddr . `;
    const ports = node.balancing.kind === 'per-destination' ? '' : ' . th sport . th dport';
    return [
      `${to} ${HAS_PORTS} meta mark set jhash ${ends}${ip} daddr${ports} ${tail}`,
      `${to} ${HAS_NONE} meta mark set jhash ${ends}${ip} daddr ${tail}`,
    ];
  });
}

function choicesOf(node: LabNode, links: readonly LabLink[]) {
  return links.map((link) => ({
    step: FIRST_MARK + node.links.indexOf(link),
    weight: link.weight,
  }));
}

function linksOf(
  { towardsTarget, towardsSource }: Pick<LabNode, 'towardsTarget' | 'towardsSource'>,
  way: Way,
): readonly LabLink[] {
  return way === 'target' ? towardsTarget : towardsSource;
}

function linksTo({ links }: LabNode, peers: readonly string[]): LabLink[] {
  return peers.flatMap((name) => links.find(({ peer }) => peer === name) ?? []);
}

function endOf({ source, target }: NetworkPlan, way: Way) {
  return way === 'target' ? target.address : source;
}

/** The addresses that stand for the source behind translators: they are found the same way. */
function translated({ routers }: NetworkPlan, node: LabNode) {
  if (node.name === SOURCE) return [];
  return routers
    .filter(({ name, nat }) => nat !== undefined && name !== node.name)
    .map(({ address }) => address);
}

function timedChain(i: number): string {
  return `timed-${i}`;
}
