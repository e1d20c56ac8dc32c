/**
 * What makes a network ugly without being at fault, for a lab that is open, where a scenario has no
 * word for it: limits as Linux has them, translators that draw lots, replies that come twice.
 * Nothing here is undone before the lab closes.
 */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SOURCE } from '../../src/sim/topology.ts';
import { CommandError } from './lab-commands.ts';
import { interfaceTo } from './lab-nodes.ts';
import type { NamespaceLab } from './namespace-lab.ts';

/** As `icmp_ratelimit`, `icmp_msgs_per_sec` and `icmp_msgs_burst` are on every Linux router. */
const STOCK_LIMITS = [
  'echo 1000 > ipv4/icmp_ratelimit',
  'echo 6168 > ipv4/icmp_ratemask',
  'if [ -e ipv4/icmp_msgs_per_sec ]; then echo 1000 > ipv4/icmp_msgs_per_sec; fi',
  'if [ -e ipv4/icmp_msgs_burst ]; then echo 50 > ipv4/icmp_msgs_burst; fi',
];
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
