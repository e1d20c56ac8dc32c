/**
 * What is wrong with a plan, as nftables rules of the node where it is put into effect, with two
 * counters each: packets at risk, and packets dropped. The kernel draws the random numbers of
 * losses, so that unlike paths they do not repeat with the plan's seed.
 */

import type { AddressPair, NetworkPlan, PlannedHazard } from '../../src/sim/network-plan.ts';
import type { RateLimit } from '../../src/sim/scenario-model.ts';
import type { Window } from '../../src/sim/schedule.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { isAlways, timeMatch } from './lab-clock.ts';
import { filterMatches } from './lab-filters.ts';
import { LabPlanError } from './lab-plan-error.ts';

export type FaultKind =
  | 'link-loss'
  | 'router-loss'
  | 'silence'
  | 'flaky-errors'
  | 'icmp-limit'
  | 'icmp-limit-per-prober'
  | 'target-limit'
  | 'mute-target';

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
  /** Undefined where each packet is lost on its own; then `drops` begins a burst. */
  readonly burst?: Burst;
  /** Undefined: always. */
  readonly window?: Window;
  /** nftables limit that other probers' errors use up as well, and which `drops` refers to. */
  readonly sharedLimit?: { readonly name: string; readonly rate: string };
}

/** Where other probers' errors go, as `fixtures/other-probers.mjs` has it: they leave no router. */
export const OTHERS_PORT = 9;

/** Loss that goes on until the match `ends` holds of a packet, which is the last one lost. */
interface Burst {
  readonly ends: string;
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
  const hooks = new Set(faults.map((fault) => fault.hook));
  return [
    'table inet lab {',
    ...faults.flatMap((fault, i) => strikingLines(i, fault)),
    ...[...hooks].flatMap((hook) => [
      `chain ${hook} { ${HOOKS[hook]}`,
      ...faults.flatMap((fault, i) => (fault.hook === hook ? riskLines(i, fault) : [])),
      '}',
    ]),
    '}',
  ];
}

/** Rules of the same node for what depends on time, once it is known when that starts. */
export function clockedRules(faults: readonly Fault[], startS: number): string[] {
  return faults.flatMap(({ window }, i) =>
    window === undefined
      ? []
      : [
          `flush chain inet lab ${windowChain(i)}`,
          `add rule inet lab ${windowChain(i)} ${timeMatch(window, startS)} jump fault-${i}`,
        ],
  );
}

/** The counter of the ith fault of a node. */
export function counterName(i: number, which: 'at-risk' | 'dropped'): string {
  return `fault-${i}-${which}`;
}

function windowChain(i: number): string {
  return `window-${i}`;
}

/** Sends the packets at risk to what strikes them; for what depends on time, see `clockedRules`. */
function riskLines(i: number, { atRisk, window, drops, sharedLimit }: Fault): string[] {
  const chain = window === undefined ? `fault-${i}` : windowChain(i);
  const ours = atRisk.map((match) => `${match} jump ${chain}`);
  if (sharedLimit === undefined) return ours;
  // Others' errors take their tokens if there are any, and go no further in either case.
  return [...ours, `udp dport ${OTHERS_PORT} ${drops} drop`, `udp dport ${OTHERS_PORT} drop`];
}

function strikingLines(i: number, fault: Fault): string[] {
  return [
    `counter ${counterName(i, 'at-risk')} { }`,
    `counter ${counterName(i, 'dropped')} { }`,
    ...(fault.burst === undefined ? [] : burstLines(i, fault.burst)),
    ...(fault.sharedLimit === undefined ? [] : sharedLimitLines(fault.sharedLimit)),
    ...(fault.kind === 'icmp-limit-per-prober' ? proberSets(i) : []),
    `chain fault-${i} {`,
    `counter name "${counterName(i, 'at-risk')}"`,
    ...strikeLines(i, fault),
    '}',
    ...(fault.window === undefined ? [] : [`chain ${windowChain(i)} { }`]),
  ];
}

/** What happens to a packet at risk. */
function strikeLines(i: number, { drops, burst, kind }: Fault): string[] {
  if (burst !== undefined) {
    // Whether a burst is on is an element in a set, one for each family.
    return [`meta nfproto @bad-${i} goto burst-${i}`, `${drops} add @bad-${i} { meta nfproto }`];
  }
  const dropped = `counter name "${counterName(i, 'dropped')}" drop`;
  if (kind !== 'icmp-limit-per-prober') return [`${drops} ${dropped}`];
  return [
    `ip protocol icmp add @probers-${i} { ip daddr ${drops} } ${dropped}`,
    `ip6 nexthdr icmpv6 add @probers6-${i} { ip6 daddr ${drops} } ${dropped}`,
  ];
}

function sharedLimitLines({ name, rate }: { name: string; rate: string }): string[] {
  return [`limit ${name} {`, rate, '}'];
}

function proberSets(i: number): string[] {
  const rest = ['size 1024', 'flags dynamic', '}'];
  return [
    `set probers-${i} {`,
    'type ipv4_addr',
    ...rest,
    `set probers6-${i} {`,
    'type ipv6_addr',
    ...rest,
  ];
}

function burstLines(i: number, { ends }: Burst): string[] {
  return [
    `set bad-${i} {`,
    'typeof meta nfproto',
    'flags dynamic',
    'size 4',
    '}',
    `chain burst-${i} {`,
    `counter name "${counterName(i, 'dropped')}"`,
    `${ends} delete @bad-${i} { meta nfproto }`,
    'drop',
    '}',
  ];
}

function linkLosses(plan: NetworkPlan): Fault[] {
  return plan.links.flatMap(({ near, far, forwardLoss, returnLoss, hazards }) => {
    const link = { kind: 'link-loss', place: `${near} ${far}` } as const;
    const ends = {
      forward: arrival(far, near),
      return: near === SOURCE ? departure(far, near) : arrival(near, far),
    };
    return [
      ...lossOf(forwardLoss, { ...link, direction: 'forward', ...ends.forward }, plan),
      ...lossOf(returnLoss, { ...link, direction: 'return', ...ends.return }, plan),
      ...hazards.flatMap((hazard) => {
        const { direction } = hazard;
        return hazardOf(hazard, { ...link, direction, ...ends[direction] }, plan);
      }),
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
  return plan.routers.flatMap((router) => {
    const { name, forwardLoss, returnLoss, hazards } = router;
    const transit = { node: name, hook: 'transit', interface: '' } as const;
    const loss = { kind: 'router-loss', place: name, ...transit } as const;
    return [
      ...lossOf(forwardLoss, { ...loss, direction: 'forward' }, plan),
      ...lossOf(returnLoss, { ...loss, direction: 'return' }, plan),
      ...hazards.flatMap((hazard) =>
        hazardOf(hazard, { ...loss, direction: hazard.direction }, plan),
      ),
      ...controlPlaneFaults(router),
    ];
  });
}

/** What keeps a router from sending its ICMP errors. */
function controlPlaneFaults(router: NetworkPlan['routers'][number]): Fault[] {
  const { name, isSilent, answerRatio, icmpLimit, icmpLimitPerProber } = router;
  const errors = { place: name, direction: undefined, node: name, hook: 'errors' } as const;
  const atRisk = ERRORS;
  const faults: Fault[] = [];
  if (isSilent) faults.push({ kind: 'silence', ...errors, atRisk, drops: '' });
  if (answerRatio < 1) {
    const drops = randomMatch(1 - answerRatio, name);
    faults.push({ kind: 'flaky-errors', ...errors, atRisk, drops });
  }
  if (icmpLimitPerProber !== undefined) {
    const drops = limitMatch(icmpLimitPerProber, name);
    faults.push({ kind: 'icmp-limit-per-prober', ...errors, atRisk, drops });
  }
  if (icmpLimit !== undefined) {
    const limit = limitMatch(icmpLimit, name);
    const shared = { name: 'shared', rate: limit.replace(/^limit /, '') };
    faults.push({
      kind: 'icmp-limit',
      ...errors,
      atRisk,
      ...((icmpLimit.othersPerSecond ?? 0) > 0
        ? { drops: `limit name "${shared.name}"`, sharedLimit: shared }
        : { drops: limit }),
    });
  }
  return faults;
}

function targetFaults({ target, source }: NetworkPlan): Fault[] {
  const { address, answer, answerLimit } = target;
  const place = { place: TARGET, node: TARGET } as const;
  if (answer === 'drop') {
    const kind = 'mute-target';
    const atRisk = headedFor(address);
    return [{ kind, ...place, hook: 'host', direction: 'forward', atRisk, drops: '' }];
  }
  if (answerLimit === undefined) return [];
  const drops = limitMatch(answerLimit, TARGET);
  const kind = 'target-limit';
  return [
    { kind, ...place, hook: 'errors', direction: 'return', atRisk: headedFor(source), drops },
  ];
}

type PlacedLoss = Omit<Fault, 'atRisk' | 'drops'> & { readonly interface: string };

function lossOf(
  ratio: number,
  { interface: match, ...fault }: PlacedLoss,
  { source, target, otherTargets }: NetworkPlan,
): Fault[] {
  if (ratio === 0) return [];
  const targets = [target, ...otherTargets].map(({ address }) => address);
  const ends = fault.direction === 'forward' ? targets : [source];
  const atRisk = ends.flatMap(headedFor).map((to) => `${match} ${to}`.trim());
  return [{ ...fault, atRisk, drops: randomMatch(ratio, fault.place) }];
}

function hazardOf(
  { lossRatio, burst, only, window, direction }: PlannedHazard,
  fault: PlacedLoss,
  plan: NetworkPlan,
): Fault[] {
  const filters = filterMatches(only, { direction, seed: plan.seed % 0x1_0000_0000 });
  return lossOf(lossRatio, fault, plan).map((loss) => ({
    ...loss,
    // Those of the two families take turns.
    atRisk: loss.atRisk.map((match, i) => `${match} ${filters[i % filters.length]}`.trim()),
    ...(burst === undefined ? {} : burstOf(lossRatio, burst, fault.place)),
    ...(isAlways(window) ? {} : { window }),
  }));
}

/** A good state and a bad one, as in `BurstLoss` of the simulated network (Gilbert 1960). */
function burstOf(ratio: number, meanBurst: number, place: string): Pick<Fault, 'drops' | 'burst'> {
  if (ratio === 1) return { drops: '' };
  const ends = randomMatch(1 / meanBurst, place);
  return { drops: randomMatch(ratio / (1 - ratio) / meanBurst, place), burst: { ends } };
}

/** The nftables match for this share of packets; empty for all of them. */
function randomMatch(ratio: number, place: string): string {
  const steps = Math.round(ratio * RATIO_STEPS);
  if (steps === 0) {
    const least = 1 / RATIO_STEPS;
    throw new LabPlanError(`the loss of ${ratio} at ${place}: the least is ${least}`);
  }
  return steps >= RATIO_STEPS ? '' : `numgen random mod ${RATIO_STEPS} < ${steps}`;
}

function headedFor(address: AddressPair): string[] {
  return [`ip daddr ${address[4]}`, `ip6 daddr ${address[6]}`];
}

/** nftables takes whole numbers, but for several units of time. */
function limitMatch({ perSecond, burst }: RateLimit, place: string): string {
  for (const [unit, seconds] of RATE_UNITS) {
    const rate = Number((perSecond * seconds).toPrecision(12)); // 0.7 * 60 is not quite 42
    if (!Number.isInteger(rate)) continue;
    return `limit rate over ${rate}/${unit} burst ${burst} packets`;
  }
  throw new LabPlanError(`the limit of ${place}: ${perSecond} a second is no whole number a week`);
}
