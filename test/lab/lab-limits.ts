/** Says what of a plan Linux routers cannot do, so that no test measures another network. */

import { existsSync } from 'node:fs';
import type { NetworkPlan } from '../../src/sim/network-plan.ts';
import { SOURCE } from '../../src/sim/topology.ts';

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
 * Delays are not checked but ignored: what they change is the order of replies, not who is at fault.
 *
 * @throws {LabPlanError} for the first part of the plan that the kernel cannot express
 */
export function checkPlan({ family, errorSource, links, routers }: NetworkPlan): void {
  const misnamed = routers.find(({ name }) => !NODE_NAME.test(name));
  if (misnamed !== undefined) {
    throw new LabPlanError(`the router name "${misnamed.name}": interfaces are called after it`);
  }
  if (family === 6 && errorSource === 'ingress') {
    throw new LabPlanError('errors from the ingress address in IPv6: only IPv4 has that setting');
  }
  if (links.filter(({ near }) => near === SOURCE).length > 1) {
    throw new LabPlanError(
      'several links from the source: raw sockets use one of them for every flow',
    );
  }
  const balancer = routers.find(
    ({ name }) => links.filter(({ near }) => near === name).length > 1,
  )?.name;
  if (balancer !== undefined && !existsSync(HASH_SEED)) {
    throw new LabPlanError(
      `balancing at ${balancer} apart from other routers: a seed of its own needs Linux 6.11`,
    );
  }
}
