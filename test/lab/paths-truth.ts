/** What a lab's routing tables say of the paths of a search, in the words of its record. */

import type { PathsRecord } from '../../src/model/paths-record.ts';
import { type NetworkPlan, nodeOfAddress } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import type { NamespaceLab } from './namespace-lab.ts';

/** Enough to show every branch of a lab, but for one in a million. */
const PORTS_ASKED = 600;
const FIRST_PORT = 20_000;

/** Links between nodes that any flow takes, as `near>far`. */
export async function trueLinks(
  lab: NamespaceLab,
  { destinationPort }: { readonly destinationPort: number },
): Promise<Set<string>> {
  const sourcePorts = Array.from({ length: PORTS_ASKED }, (_, i) => FIRST_PORT + i);
  const flows = { sourcePorts, destinationPort, protocol: 'udp' } as const;
  const routes = await lab.truth(lab.plan.family, flows);
  const links = new Set<string>();
  for (const route of routes.values()) {
    const nodes = [SOURCE, ...route, TARGET];
    for (const [i, far] of nodes.slice(1).entries()) links.add(`${nodes[i]}>${far}`);
  }
  return links;
}

/** Links of a record, as `near>far`; silent hops are left out. */
export function recordedLinks({ links }: PathsRecord, plan: NetworkPlan): Set<string> {
  const nodes = nodeOfAddress(plan);
  return new Set(
    links.flatMap(({ near, far }) =>
      near === null || far === null ? [] : [`${nodes.get(near)}>${nodes.get(far)}`],
    ),
  );
}

/** Routers of each hop, as `ttl:router`, of a network whose paths are all of one length. */
export function trueHops({ links }: NetworkPlan): Set<string> {
  const hops = new Set<string>();
  let layer = new Set([SOURCE]);
  for (let ttl = 1; layer.size > 0; ttl++) {
    const near = layer;
    layer = new Set(links.flatMap((link) => (near.has(link.near) ? [link.far] : [])));
    for (const node of layer) hops.add(`${ttl}:${node}`);
  }
  return hops;
}

/** The same of a record. */
export function recordedHops({ hops }: PathsRecord, plan: NetworkPlan): Set<string> {
  const nodes = nodeOfAddress(plan);
  return new Set(
    hops.flatMap(({ ttl, places }) =>
      places.flatMap(({ addresses }) =>
        ttl === 0 ? [] : addresses.map(({ address }) => `${ttl}:${nodes.get(address)}`),
      ),
    ),
  );
}

/** Flows whose recorded path is not the one that the routing tables give them. */
export async function misplacedFlows(record: PathsRecord, lab: NamespaceLab): Promise<string[]> {
  const nodes = nodeOfAddress(lab.plan);
  const sourcePorts = record.flows.map(({ sourcePort }) => sourcePort);
  const flows = { sourcePorts, destinationPort: record.target.port ?? 0, protocol: 'udp' } as const;
  const routes = await lab.truth(lab.plan.family, flows);
  return record.flows.flatMap(({ sourcePort, path }) => {
    const route = [...(routes.get(sourcePort) ?? []), TARGET];
    const seen = path.map((id) => nodes.get(id?.replace(/^\d+:/, '') ?? ''));
    const isWrong = seen.some((node, i) => node !== undefined && node !== route[i]);
    return isWrong ? [`${sourcePort}: ${seen.join(' ')}, but ${route.join(' ')}`] : [];
  });
}
