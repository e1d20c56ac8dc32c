/** Says what of a plan Linux routers cannot do, so that no test measures another network. */

import { existsSync } from 'node:fs';
import type { NetworkPlan, PlannedLink, PlannedRouter } from '../../src/sim/network-plan.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { checkWindow, isAlways } from './lab-clock.ts';
import { ETHERNET_MTU, nodesOf } from './lab-nodes.ts';
import { isOldRouter } from './lab-old-router.ts';
import { LabPlanError } from './lab-plan-error.ts';
import { isMarking } from './lab-routing.ts';

/** Linux has 16 bytes for an interface name, the last of them 0, and `to-` takes three. */
const NODE_NAME = /^[a-z][a-z0-9.-]{0,11}$/;
const HASH_SEED = '/proc/sys/net/ipv4/fib_multipath_hash_seed';
/** RFC 8200 §5. */
const IPV6_MTU_MIN = 1280;

/**
 * Delays and jitter are not checked but ignored: what they change is the order of replies, not who is at fault.
 *
 * @throws {LabPlanError} for the first part of the plan that the kernel cannot express
 */
export function checkPlan(plan: NetworkPlan): void {
  const { family, links, routers } = plan;
  const misnamed = routers.find(({ name }) => !NODE_NAME.test(name));
  if (misnamed !== undefined) {
    throw new LabPlanError(`the router name "${misnamed.name}": interfaces are called after it`);
  }
  if (family === 6 && routers.some(({ errorAddress }) => errorAddress === undefined)) {
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
  for (const window of windowsOf(plan)) checkWindow(window);
}

/** What only the simulated network can do. */
function simulatedOnly(plan: NetworkPlan): string[] {
  const nodes = nodesOf(plan);
  const hosts = nodes.filter(({ router }) => router === undefined);
  const unusual = plan.otherTargets.filter(({ answer, answerLimit }) => {
    return answer !== 'refuse' || answerLimit !== undefined;
  });
  const special = nodes.find((node) => isMarking(plan, node) || isSpecial(node.router));
  return [
    ...(plan.hashesFlowLabels ? ['flow labels as part of the flow, beside ports'] : []),
    ...unusual.map(({ name }) => `another target, ${name}, that does more than refuse`),
    ...(special === undefined || plan.otherTargets.length === 0
      ? []
      : [`what ${special.name} does with packets to other targets`]),
    ...hosts
      .filter((node) => isMarking(plan, node))
      .map(({ name }) => `balancing at ${name} other than by flow or destination`),
    ...plan.links.flatMap((link) => foreignTraits(link).map((what) => `${what} ${placeOf(link)}`)),
    ...plan.routers.flatMap((router) =>
      foreignRouterTraits(router, plan).map((what) => `${what} at ${router.name}`),
    ),
  ];
}

/** Whether it treats packets to the target, and no others, by rules of its own. */
function isSpecial(router: PlannedRouter | undefined): boolean {
  if (router === undefined) return false;
  const { rewrites, nat, isHidden, isSynProxy } = router;
  return (
    rewrites !== undefined || nat !== undefined || isHidden || isSynProxy || isOldRouter(router)
  );
}

function foreignTraits({ mtu, near }: PlannedLink): string[] {
  if (mtu < IPV6_MTU_MIN) return ['an MTU that IPv6 forbids'];
  // The source would refuse to send what is too long.
  return near === SOURCE && mtu < ETHERNET_MTU ? ['a small MTU'] : [];
}

function foreignRouterTraits(router: PlannedRouter, { family }: NetworkPlan): string[] {
  const traits: readonly (readonly [isForeign: boolean, what: string])[] = [
    [isOldRouter(router) && family === 6, "quotes other than the kernel's own in IPv6"],
    [router.rewrites?.restoresAll === false, 'a firewall that shares no sequence numbers'],
    [router.nat?.ports === 'random', 'a translator that changes ports packet by packet'],
  ];
  return traits.filter(([isForeign]) => isForeign).map(([, what]) => what);
}

function windowsOf({ links, routers, routes }: NetworkPlan) {
  return [
    ...[...links, ...routers].flatMap(({ hazards }) => hazards.map(({ window }) => window)),
    ...routes.map(({ window }) => window),
  ].filter((window) => !isAlways(window));
}

function placeOf({ near, far }: PlannedLink): string {
  return `on the link from ${near} to ${far}`;
}
