/**
 * What is wrong with a plan, as nftables rules of the node where it is put into effect, with two
 * counters each: packets at risk, and packets dropped. The kernel draws the random numbers of
 * losses, so that unlike paths they do not repeat with the plan's seed.
 */

import type { AddressPair, IcmpLimit, NetworkPlan } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { LabPlanError } from './lab-limits.ts';

export type FaultKind = 'link-loss' | 'router-loss' | 'silence' | 'icmp-limit' | 'mute-target';

export interface Fault {
  readonly kind: FaultKind;
  /** A router, the target, or a link as "near far". */
  readonly place: string;
  /** Undefined where there is none: a router's own errors. */
  readonly direction: 'forward' | 'return' | undefined;
  /** The node that drops the packets. */
  readonly node: string;
  readonly hook: Hook;
  /** Picks the packets at risk: one nftables match for each way to be. */
  readonly atRisk: readonly string[];
  /** nftables match for those at risk that are dropped; empty for all of them. */
  readonly drops: string;
}

type Hook = keyof typeof HOOKS;

/** Losses on a link come before the TTL check, a router's loss and its own errors after it. */
const HOOKS = {
  arrival: 'type filter hook prerouting priority raw;',
  transit: 'type filter hook forward priority filter;',
  host: 'type filter hook input priority filter;',
  errors: 'type filter hook output priority filter;',
  departure: 'type filter hook postrouting priority filter;',
} as const;

const ERRORS = [
  'icmp type { destination-unreachable, time-exceeded, parameter-problem }',
  'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }',
];
/** Ratios are rounded to this. */
const RATIO_STEPS = 1_000_000;
const RATE_UNITS = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
  ['week', 604_800],
] as const;

/**
 * Everything in the plan that drops packets, in no particular order.
 *
 * @throws {LabPlanError} for a rate or ratio that nftables has no way to write
 */
export function faultsOf(plan: NetworkPlan): Fault[] {
  return [...linkLosses(plan), ...routerFaults(plan), ...targetFaults(plan)];
}

/** The rules for the faults of one node, as lines for `nft -f`; none when there is no fault. */
export function rulesetOf(faults: readonly Fault[]): string[] {
  if (faults.length === 0) return [];
  const lines = ['table inet lab {'];
  for (const [i, { drops }] of faults.entries()) {
    lines.push(
      `counter ${counterName(i, 'at-risk')} { }`,
      `counter ${counterName(i, 'dropped')} { }`,
      `chain fault-${i} {`,
      `counter name "${counterName(i, 'at-risk')}"`,
      `${drops} counter name "${counterName(i, 'dropped')}" drop`,
      '}',
    );
  }
  for (const hook of new Set(faults.map((fault) => fault.hook))) {
    lines.push(`chain ${hook} { ${HOOKS[hook]}`);
    for (const [i, fault] of faults.entries()) {
      if (fault.hook !== hook) continue;
      lines.push(...fault.atRisk.map((match) => `${match} jump fault-${i}`));
    }
    lines.push('}');
  }
  return [...lines, '}'];
}

/** The counter of the ith fault of a node. */
export function counterName(i: number, which: 'at-risk' | 'dropped'): string {
  return `fault-${i}-${which}`;
}

function linkLosses(plan: NetworkPlan): Fault[] {
  return plan.links.flatMap(({ near, far, forwardLoss, returnLoss }) => {
    const link = { kind: 'link-loss', place: `${near} ${far}` } as const;
    const back = near === SOURCE ? departure(far, near) : arrival(near, far);
    return [
      ...lossOf(forwardLoss, { ...link, direction: 'forward', ...arrival(far, near) }, plan),
      ...lossOf(returnLoss, { ...link, direction: 'return', ...back }, plan),
    ];
  });
}

function arrival(at: string, from: string) {
  return { node: at, hook: 'arrival', interface: `iifname "to-${from}"` } as const;
}

/** What the source lost on arrival a packet capture there would still see. */
function departure(at: string, to: string) {
  return { node: at, hook: 'departure', interface: `oifname "to-${to}"` } as const;
}

function routerFaults(plan: NetworkPlan): Fault[] {
  return plan.routers.flatMap(({ name, isSilent, icmpLimit, forwardLoss, returnLoss }) => {
    const transit = { node: name, hook: 'transit', interface: '' } as const;
    const loss = { kind: 'router-loss', place: name, ...transit } as const;
    const errors = { place: name, direction: undefined, node: name, hook: 'errors' } as const;
    const faults: Fault[] = [
      ...lossOf(forwardLoss, { ...loss, direction: 'forward' }, plan),
      ...lossOf(returnLoss, { ...loss, direction: 'return' }, plan),
    ];
    if (isSilent) faults.push({ kind: 'silence', ...errors, atRisk: ERRORS, drops: '' });
    if (icmpLimit === undefined) return faults;
    const drops = `limit rate over ${limitText(icmpLimit, name)}`;
    return [...faults, { kind: 'icmp-limit', ...errors, atRisk: ERRORS, drops }];
  });
}

function targetFaults({ target }: NetworkPlan): Fault[] {
  if (target.answer !== 'drop') return [];
  const place = { kind: 'mute-target', place: TARGET, node: TARGET, hook: 'host' } as const;
  return [{ ...place, direction: 'forward', atRisk: headedFor(target.address), drops: '' }];
}

function lossOf(
  ratio: number,
  fault: Omit<Fault, 'atRisk' | 'drops'> & { readonly interface: string },
  { source, target, otherTargets }: NetworkPlan,
): Fault[] {
  if (ratio === 0) return [];
  const steps = Math.round(ratio * RATIO_STEPS);
  if (steps === 0) {
    const least = 1 / RATIO_STEPS;
    throw new LabPlanError(`the loss of ${ratio} at ${fault.place}: the least is ${least}`);
  }
  const { interface: match, ...rest } = fault;
  const targets = [target, ...otherTargets].map(({ address }) => address);
  const ends = fault.direction === 'forward' ? targets : [source];
  const atRisk = ends.flatMap(headedFor).map((to) => `${match} ${to}`.trim());
  const isCertain = steps >= RATIO_STEPS;
  return [
    { ...rest, atRisk, drops: isCertain ? '' : `numgen random mod ${RATIO_STEPS} < ${steps}` },
  ];
}

function headedFor(address: AddressPair): string[] {
  return [`ip daddr ${address[4]}`, `ip6 daddr ${address[6]}`];
}

/** nftables takes whole numbers, but for several units of time. */
function limitText({ perSecond, burst }: IcmpLimit, router: string): string {
  for (const [unit, seconds] of RATE_UNITS) {
    const rate = Number((perSecond * seconds).toPrecision(12)); // 0.7 * 60 is not quite 42
    if (Number.isInteger(rate)) return `${rate}/${unit} burst ${burst} packets`;
  }
  throw new LabPlanError(
    `the ICMP limit of ${router}: ${perSecond} a second is no whole number a week`,
  );
}
