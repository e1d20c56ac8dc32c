/** Says what of a plan Linux routers cannot do, so that no test measures another network. */

import { existsSync } from 'node:fs';
import type { NetworkPlan, PlannedLink, PlannedRouter } from '../../src/sim/network-plan.ts';

/** A plan that the kernel cannot express; the message names the part. */
export class LabPlanError extends Error {
  readonly code = 'LAB_CANNOT_EXPRESS';

  constructor(what: string) {
    super(`the kernel cannot express ${what}`);
    this.name = 'LabPlanError';
  }
}

/** Linux has 16 bytes for an interface name, the last of them 0, and `to-` takes three. */
const NODE_NAME = /^[a-z][a-z0-9.-]{0,11}$/;
const HASH_SEED = '/proc/sys/net/ipv4/fib_multipath_hash_seed';

/**
 * Delays and jitter are not checked but ignored: what they change is the order of replies, not who is at fault.
 *
 * @throws {LabPlanError} for the first part of the plan that the kernel cannot express
 */
export function checkPlan(plan: NetworkPlan): void {
  const { family, errorSource, links, routers } = plan;
  const misnamed = routers.find(({ name }) => !NODE_NAME.test(name));
  if (misnamed !== undefined) {
    throw new LabPlanError(`the router name "${misnamed.name}": interfaces are called after it`);
  }
  if (family === 6 && errorSource === 'ingress') {
    throw new LabPlanError('errors from the ingress address in IPv6: only IPv4 has that setting');
  }
  const balancer = routers.find(
    ({ name }) => links.filter(({ near }) => near === name).length > 1,
  )?.name;
  if (balancer !== undefined && !existsSync(HASH_SEED)) {
    throw new LabPlanError(
      `balancing at ${balancer} apart from other routers: a seed of its own needs Linux 6.11`,
    );
  }
  const foreign = simulatedOnly(plan)[0];
  if (foreign !== undefined) throw new LabPlanError(foreign);
}

/** What only the simulated network can do. */
function simulatedOnly(plan: NetworkPlan): string[] {
  const { balancing, routes, target, otherTargets } = plan;
  const unusual = otherTargets.filter(({ answer, answerLimit }) => {
    return answer !== 'refuse' || answerLimit !== undefined;
  });
  return [
    ...routes.map(({ router }) => `next hops of ${router} other than those of its links`),
    ...(balancing.kind === 'per-flow' && balancing.buckets === 0 && balancing.hash === 'own'
      ? []
      : ['a balancing other than by flow, with a seed of each router']),
    ...(target.answerLimit === undefined ? [] : ['a limit of what the target answers']),
    ...unusual.map(({ name }) => `another target, ${name}, that does more than refuse`),
    ...plan.links.flatMap((link) => foreignTraits(link).map((what) => `${what} ${placeOf(link)}`)),
    ...plan.routers.flatMap((router) =>
      foreignRouterTraits(router, plan).map((what) => `${what} at ${router.name}`),
    ),
  ];
}

function foreignTraits({ direction, weight, mtu, hazards }: PlannedLink): string[] {
  return [
    ...(direction === 'both' ? [] : ['one direction only']),
    ...(weight === 1 ? [] : ['a weight']),
    ...(mtu >= ETHERNET_MTU ? [] : ['a small MTU']),
    ...hazards.map(() => GRAY_LOSS),
  ];
}

function foreignRouterTraits(router: PlannedRouter, plan: NetworkPlan): string[] {
  const { balancing } = router;
  const isByRule = plan.errorSource === 'ingress' ? undefined : router.address;
  const traits: readonly (readonly [isForeign: boolean, what: string])[] = [
    [router.hazards.length > 0, GRAY_LOSS],
    [JSON.stringify(balancing) !== JSON.stringify(plan.balancing), 'a balancing of its own'],
    [router.icmpLimitPerProber !== undefined, 'an ICMP limit for each prober'],
    [(router.icmpLimit?.othersPerSecond ?? 0) > 0, 'other probers'],
    [router.answerRatio < 1, 'errors sent now and then'],
    [router.errorAddress !== isByRule, 'errors from an address of its own choice'],
    [router.quote !== 'whole', 'a shortened quote'],
    [router.mplsLabels.length > 0, 'MPLS labels'],
    [router.isHidden, 'a tunnel that hides the TTL'],
    [router.rewrites !== undefined, 'rewritten headers'],
    [router.nat !== undefined, 'address translation'],
    [router.isSynProxy, 'a SYN proxy'],
  ];
  return traits.filter(([isForeign]) => isForeign).map(([, what]) => what);
}

function placeOf({ near, far }: PlannedLink): string {
  return `on the link from ${near} to ${far}`;
}

const ETHERNET_MTU = 1500;
const GRAY_LOSS = 'loss that depends on the packet, the time or earlier losses';
