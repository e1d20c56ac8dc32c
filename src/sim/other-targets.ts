/** Hosts besides the target that can be probed: who they are, and which of the nodes lead there. */

import { ScenarioError } from './json-fields.ts';
import type { NetworkNames } from './places.ts';
import type { OtherTarget, ScenarioLink } from './scenario-model.ts';
import { type Joined, SOURCE, TARGET } from './topology.ts';
import type { WrittenOtherTarget } from './written-scenario.ts';

/**
 * Joins each to its routers.
 *
 * @param linkOf what a link is that a scenario says nothing about
 * @throws {ScenarioError} for names that are taken, and for routers that are not there
 */
export function otherTargetsOf(
  written: readonly WrittenOtherTarget[],
  names: NetworkNames,
  linkOf: (ends: Joined) => ScenarioLink,
): OtherTarget[] {
  const taken = new Set([SOURCE, TARGET, ...names.routers]);
  return written.map(({ behind, ...target }, i) => {
    const path = `otherTargets[${i}]`;
    const { name } = target;
    if (taken.has(name)) {
      throw new ScenarioError(`${path}.name`, `"${name}" is the name of another node`);
    }
    taken.add(name);
    const links = behind.map((near, k) => {
      const where = `${path}.behind[${k}]`;
      if (behind.indexOf(near) < k) throw new ScenarioError(where, `joins ${near} again`);
      return linkOf({ near: names.requireRouter(near, where), far: name });
    });
    return { ...target, links };
  });
}

/**
 * Where each node of a network without cycles sends what is for a host: straight there where it is
 * joined to it, else to all neighbours from which a way leads there.
 *
 * @param next the neighbours of each node towards the target
 * @param behind the nodes that are joined to the host
 */
export function waysTo(
  next: ReadonlyMap<string, readonly string[]>,
  behind: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>();
  const leads = (node: string): boolean => behind.has(node) || waysFrom(node).length > 0;
  const waysFrom = (node: string): readonly string[] => {
    const known = ways.get(node);
    if (known !== undefined) return known;
    const found = behind.has(node) ? [] : (next.get(node) ?? []).filter(leads);
    ways.set(node, found);
    return found;
  };
  for (const node of next.keys()) waysFrom(node);
  return ways;
}
