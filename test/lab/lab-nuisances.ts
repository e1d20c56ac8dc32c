/**
 * What makes a network ugly without being at fault, for a lab that is open: limits, translators,
 * balancers and routers as Linux has them, where a scenario has no word for them or the kernel
 * needs more than the layout of a plan. Nothing here is undone before the lab closes.
 */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { farAnsweringAddress } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CommandError } from './lab-commands.ts';
import { interfaceTo } from './lab-layout.ts';
import type { NamespaceLab } from './namespace-lab.ts';

/** As `icmp_ratelimit`, `icmp_msgs_per_sec` and `icmp_msgs_burst` are on every Linux router. */
const STOCK_LIMITS = [
  'echo 1000 > ipv4/icmp_ratelimit',
  'echo 6168 > ipv4/icmp_ratemask',
  'if [ -e ipv4/icmp_msgs_per_sec ]; then echo 1000 > ipv4/icmp_msgs_per_sec; fi',
  'if [ -e ipv4/icmp_msgs_burst ]; then echo 50 > ipv4/icmp_msgs_burst; fi',
];
/** Routing tables of ours; the kernel's own are 253 to 255. */
const FIRST_TABLE = 100;
const OLD_ROUTER_MARK = 90;
/** Flipped by the rewriting router; adding 1, as an acknowledgement does, leaves it in place. */
const SEQUENCE_MASK = '0x5a000000';

/** How a router other than Linux answers. */
export interface OldRouter {
  /** Of the quoted packet, behind its IP header. */
  readonly quotedTransportBytes: number;
  /** None when 0: then the quote is not padded either. */
  readonly mplsLabel?: number;
  readonly delayMs?: number;
}

/** Runs lines of shell on a node. */
export async function configure(
  lab: NamespaceLab,
  node: string,
  lines: readonly string[],
): Promise<void> {
  const script = ['set -e', 'cd /proc/sys/net', ...lines, ''].join('\n');
  const { status, stderr } = await lab.exec(node, ['sh', '-s'], { input: script });
  if (status !== 0) throw new CommandError(['sh', 'on', node], `status ${status}\n${stderr}`);
}

/** Adds nftables rules to a node, all on one hook: `hook` as nftables writes it. */
export function addRules(
  lab: NamespaceLab,
  node: string,
  { name, hook, rules }: { name: string; hook: string; rules: readonly string[] },
): Promise<void> {
  const chain = [`table inet ${name} {`, `chain nuisance { ${hook};`, ...rules, '}', '}'];
  return configure(lab, node, ["nft -f - <<'END'", ...chain, 'END']);
}

/** The limits on ICMP errors that Linux has unless told otherwise: one a second to each peer. */
export async function limitAsLinuxDoes(lab: NamespaceLab): Promise<void> {
  await Promise.all(lab.plan.routers.map(({ name }) => configure(lab, name, STOCK_LIMITS)));
}

/** The target refuses no more than so many connections a second. */
export function limitRefusals(lab: NamespaceLab, perSecond: number): Promise<void> {
  return addRules(lab, TARGET, {
    name: 'refusals',
    hook: 'type filter hook output priority filter',
    rules: [`tcp flags & rst == rst limit rate over ${perSecond}/second burst 5 packets drop`],
  });
}

/** Every packet to the target takes one of the next hops by lot, in IPv4. */
export async function balancePerPacket(lab: NamespaceLab, router: string): Promise<void> {
  const target = lab.plan.target.address[4];
  const links = lab.plan.links.filter(({ near }) => near === router);
  await configure(
    lab,
    router,
    links.flatMap(({ far, farAddress }, i) => [
      `ip route add ${target} via ${farAddress[4]} dev ${interfaceTo(far)} table ${FIRST_TABLE + i}`,
      `ip rule add fwmark ${i + 1} lookup ${FIRST_TABLE + i}`,
    ]),
  );
  const draws = links.map((_, i) => `${i} : ${i + 1}`).join(', ');
  await addRules(lab, router, {
    name: 'balancer',
    hook: 'type filter hook prerouting priority mangle',
    rules: [`ip daddr ${target} meta mark set numgen random mod ${links.length} map { ${draws} }`],
  });
}

/** A translator that gives each connection a random port, so that a flow's path is a lottery. */
export function translateToRandomPorts(lab: NamespaceLab, router: string): Promise<void> {
  const { source, target } = lab.plan;
  const match = `ip daddr ${target.address[4]} meta l4proto tcp`;
  return addRules(lab, router, {
    name: 'translator',
    hook: 'type nat hook postrouting priority srcnat',
    rules: [`${match} snat ip to ${source[4]}:1024-65535 fully-random`],
  });
}

/** A firewall that hides sequence numbers, and forgets to restore those in quotes. */
export function rewriteSequenceNumbers(lab: NamespaceLab, router: string): Promise<void> {
  const { source, target } = lab.plan;
  const there = `ip daddr ${target.address[4]} ip protocol tcp`;
  const back = `ip daddr ${source[4]} ip protocol tcp`;
  return addRules(lab, router, {
    name: 'rewriter',
    hook: 'type filter hook forward priority filter',
    rules: [
      `${there} tcp sequence set tcp sequence xor ${SEQUENCE_MASK}`,
      `${back} tcp ackseq set tcp ackseq xor ${SEQUENCE_MASK}`,
    ],
  });
}

/** Everything that goes back to the source by this router arrives twice. */
export function duplicateReplies(lab: NamespaceLab, router: string): Promise<void> {
  const address = lab.plan.source[4];
  const chain = [
    'table ip doubler {',
    'chain nuisance { type filter hook postrouting priority filter;',
    `ip daddr ${address} dup to ${address} device "${interfaceTo(SOURCE)}"`,
    '}',
    '}',
  ];
  return configure(lab, router, ["nft -f - <<'END'", ...chain, 'END']);
}

/** A router, with one link towards the source, that answers in IPv4 as other makes do. */
export async function oldRouter(
  lab: NamespaceLab,
  router: string,
  { quotedTransportBytes, mplsLabel = 0, delayMs = 0 }: OldRouter,
): Promise<void> {
  const { plan } = lab;
  const links = plan.links.filter(({ far }) => far === router);
  const [link] = links;
  if (link === undefined || links.length > 1) throw new RangeError(`${router} has several links`);
  const own = farAnsweringAddress({ ...plan, family: 4 }, link);
  const numbers = [quotedTransportBytes, mplsLabel, delayMs].map(String);
  await startFixture(lab, router, 'old-router', [own, plan.source[4], ...numbers]);
  const target = plan.target.address[4];
  await addRules(lab, router, {
    name: 'own',
    hook: 'type filter hook output priority filter',
    rules: [`ip saddr ${target} drop`], // the kernel would refuse in the target's name
  });
  await configure(lab, router, [
    `ip rule add fwmark ${OLD_ROUTER_MARK} lookup ${OLD_ROUTER_MARK}`,
    `ip route add local default dev lo table ${OLD_ROUTER_MARK}`,
  ]);
  await addRules(lab, router, {
    name: 'expired',
    hook: 'type filter hook prerouting priority mangle',
    rules: [`ip daddr ${target} ip ttl 1 meta mark set ${OLD_ROUTER_MARK}`],
  });
}

/** Starts a program of `fixtures/` on a node, and returns when it says that it is ready. */
export async function startFixture(
  lab: NamespaceLab,
  node: string,
  name: string,
  args: readonly string[],
): Promise<ChildProcessWithoutNullStreams> {
  const file = fileURLToPath(new URL(`./fixtures/${name}.mjs`, import.meta.url));
  const child = lab.spawn(node, [process.execPath, file, ...args]);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  const isReady = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'close').then(() => false),
  ]);
  if (!isReady) throw new Error(`${name} ended on ${node}: ${complaint}`);
  return child;
}
