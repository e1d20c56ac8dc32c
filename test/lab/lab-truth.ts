/** Asks the routing tables of a lab which way the flows of a measurement go. */

import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { NetworkPlan } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CommandError, runSuccessfully } from './lab-commands.ts';
import { interfaceTo, nodesOf } from './lab-nodes.ts';
import { LabPlanError } from './lab-plan-error.ts';
import { marksAlways } from './lab-routing.ts';

/** Flows from the source to the target that differ in the source port. */
export interface LabFlows {
  readonly sourcePorts: readonly number[];
  readonly destinationPort: number;
  /** TCP when absent. */
  readonly protocol?: 'tcp' | 'udp';
  /** The name of the host that they go to, of the plan's other targets; the usual one if absent. */
  readonly to?: string;
}

interface Position {
  readonly sourcePort: number;
  readonly from: string | undefined;
}

const INTERFACE = / dev to-(\S+)/;

/** No way of a lab is longer, unless it is a loop. */
const STEPS_MAX = 64;

/**
 * Follows every flow from router to router, as it goes at all times but those of which the plan
 * says otherwise.
 *
 * @returns the routers of each source port's way, in order, without the hosts; of one that ends in
 *   a loop the first 64
 * @throws {CommandError} when a router has no route
 * @throws {LabPlanError} where a router's tables alone do not tell
 */
export async function trueRoutes(
  plan: NetworkPlan,
  namespaceOf: (node: string) => string,
  query: LabFlows & { readonly family: IpFamily },
): Promise<ReadonlyMap<number, readonly string[]>> {
  const target = query.to ?? TARGET;
  const blurred = nodesOf(plan).find((node) => marksAlways(node));
  if (blurred !== undefined)
    throw new LabPlanError(`a table that tells the ways at ${blurred.name}`);
  const routes = new Map<number, string[]>(query.sourcePorts.map((port) => [port, []]));
  const start = query.sourcePorts.map((sourcePort) => ({ sourcePort, from: undefined }));
  let arrived: ReadonlyMap<string, readonly Position[]> = new Map([[SOURCE, start]]);
  for (let step = 0; arrived.size > 0 && step < STEPS_MAX; step++) {
    const steps = [...arrived].map(async ([node, positions]) => ({
      node,
      positions,
      nextNodes: await ask(plan, { namespace: namespaceOf(node), positions, query }),
    }));
    const next = new Map<string, Position[]>();
    for (const { node, positions, nextNodes } of await Promise.all(steps)) {
      for (const [i, { sourcePort }] of positions.entries()) {
        const to = nextNodes[i] ?? target;
        if (to === target) continue;
        routes.get(sourcePort)?.push(to);
        next.set(to, [...(next.get(to) ?? []), { sourcePort, from: node }]);
      }
    }
    arrived = next;
  }
  return routes;
}

/** The next node for each position, asked of one routing table in one go. */
async function ask(
  plan: NetworkPlan,
  {
    namespace,
    positions,
    query: { family, destinationPort, protocol = 'tcp', to },
  }: {
    namespace: string;
    positions: readonly Position[];
    query: LabFlows & { readonly family: IpFamily };
  },
): Promise<string[]> {
  const host = plan.otherTargets.find(({ name }) => name === to) ?? plan.target;
  const ends = `${host.address[family]} from ${plan.source[family]}`;
  const questions = positions.map(({ sourcePort, from }) => {
    const over = from === undefined ? '' : ` iif ${interfaceTo(from)}`;
    return `route get ${ends}${over} ipproto ${protocol} sport ${sourcePort} dport ${destinationPort}\n`;
  });
  const argv = ['ip', '-n', namespace, '-o', `-${family}`, '-batch', '-'];
  const answers = await runSuccessfully(argv, { input: questions.join('') });
  const nodes = answers.split('\n').flatMap((line) => INTERFACE.exec(line)?.[1] ?? []);
  if (nodes.length === positions.length) return nodes;
  throw new CommandError(argv, `${nodes.length} of ${positions.length} routes:\n${answers}`);
}
