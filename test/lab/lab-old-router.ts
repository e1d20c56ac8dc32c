/**
 * Routers that answer as the kernel does not: with short or padded quotes, with MPLS labels, or
 * late. A program on the router answers in the kernel's stead the probes whose TTL ends there.
 * IPv4 alone: of IPv6 packets a raw socket shows no header, and the program could not quote it.
 */

import { farAnsweringAddress, type PlannedRouter } from '../../src/sim/network-plan.ts';
import type { QuoteStyle } from '../../src/sim/scenario-model.ts';
import { interfaceTo } from './lab-nodes.ts';
import { addRules, configure, startFixture } from './lab-nuisances.ts';
import type { NamespaceLab } from './namespace-lab.ts';

/** How a router other than Linux answers. */
export interface OldRouter {
  /** How much of the packet it quotes; all of it when absent. */
  readonly quote?: QuoteStyle;
  /** Outermost first; none when absent. */
  readonly mplsLabels?: readonly number[];
  readonly delayMs?: number;
}

/** Table and mark of what goes to the program. */
const MARK = 90;

/** Whether a router of a plan needs a program to answer as it should. */
export function isOldRouter({ quote, mplsLabels }: PlannedRouter): boolean {
  return quote !== 'whole' || mplsLabels.length > 0;
}

/** Makes a router answer so in IPv4; returns when it does. */
export async function oldRouter(
  lab: NamespaceLab,
  router: string,
  { quote = 'whole', mplsLabels = [], delayMs = 0 }: OldRouter,
): Promise<void> {
  const { plan } = lab;
  const links = plan.links.filter(({ far }) => far === router);
  const addresses = links.map((link) => farAnsweringAddress({ ...plan, family: 4 }, link));
  const traits = { addresses, source: plan.source[4], quote, mplsLabels, delayMs };
  await startFixture(lab, router, 'old-router', [JSON.stringify(traits)]);
  const target = plan.target.address[4];
  await addRules(lab, router, {
    name: 'own',
    hook: 'type filter hook output priority filter',
    rules: [`ip saddr ${target} drop`], // the kernel would refuse in the target's name
  });
  await configure(lab, router, [
    `ip rule add fwmark ${MARK} lookup ${MARK}`,
    `ip route add local default dev lo table ${MARK}`,
  ]);
  await addRules(lab, router, {
    name: 'expired',
    // After a balancer has marked the packet, and before its address is translated.
    hook: 'type filter hook prerouting priority mangle + 10',
    // The TTL tells the program which link the packet came by; it quotes 1 all the same.
    rules: links.map(
      ({ near }, i) =>
        `iifname "${interfaceTo(near)}" ip daddr ${target} ip protocol { tcp, udp, icmp } ip ttl 1 ` +
        `meta mark set ${MARK} ip ttl set ${i + 1} accept`,
    ),
  });
}
