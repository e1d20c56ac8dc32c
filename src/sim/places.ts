/** Looks up the names by which a scenario speaks of its links and routers. */

import { pathTo, pathToName, ScenarioError } from './json-fields.ts';
import type { Place } from './scenario-model.ts';
import { type DirectedLink, routersOf, SOURCE, TARGET } from './topology.ts';
import type { WrittenPlace } from './written-scenario.ts';

/** The names of one network. */
export class NetworkNames {
  readonly #routers: ReadonlySet<string>;
  readonly #links = new Map<string, DirectedLink>();
  /** For every node those at the far ends of its links. */
  readonly #fars = new Map<string, string[]>();

  constructor(links: readonly DirectedLink[]) {
    this.#routers = new Set(routersOf(links));
    for (const link of links) {
      this.#links.set(`${link.near} ${link.far}`, link);
      const fars = this.#fars.get(link.near);
      if (fars === undefined) this.#fars.set(link.near, [link.far]);
      else fars.push(link.far);
    }
  }

  /** Every router, in order of first appearance. */
  get routers(): readonly string[] {
    return [...this.#routers];
  }

  /** @throws {ScenarioError} when the network has no such router */
  requireRouter(name: string, path: string): string {
    if (this.#routers.has(name)) return name;
    throw unknownName('router', { name, path, names: this.routers });
  }

  /** The link between two nodes; undefined when none joins them this way round. */
  linkBetween(near: string, far: string): DirectedLink | undefined {
    return this.#links.get(`${near} ${far}`);
  }

  /** @throws {ScenarioError} when the names are not those of the two ends of a link */
  requireLink(ends: readonly string[], path: string): DirectedLink {
    const nodes = [SOURCE, ...this.#routers, TARGET];
    for (const [i, name] of ends.entries()) {
      if (this.#routers.has(name) || name === SOURCE || name === TARGET) continue;
      throw unknownName('node', { name, path: `${path}[${i}]`, names: nodes });
    }
    const [near = '', far = ''] = ends;
    const link = this.linkBetween(near, far);
    if (link !== undefined && ends.length === 2) return link;
    const fars = listed(this.#fars.get(near) ?? []);
    const complaint = `must be [near, far] of a link; those from ${near} lead to ${fars}`;
    throw new ScenarioError(path, complaint);
  }

  /** @throws {ScenarioError} when there is no such link or router */
  requirePlace({ link, router }: WrittenPlace, path: string): Place {
    if (router !== undefined) {
      return { kind: 'router', name: this.requireRouter(router, pathTo(path, 'router')) };
    }
    const { near, far } = this.requireLink(link ?? [], pathTo(path, 'link'));
    return { kind: 'link', near, far };
  }

  /** @throws {ScenarioError} when the keys of `map` are not all routers */
  requireRouters(map: ReadonlyMap<string, unknown>, path: string): void {
    for (const name of map.keys()) this.requireRouter(name, pathToName(path, name));
  }
}

/** @throws {ScenarioError} when `name` is not among the names */
export function requireName(
  noun: 'node' | 'router',
  { name, path, names }: { name: string; path: string; names: readonly string[] },
): void {
  if (!names.includes(name)) throw unknownName(noun, { name, path, names });
}

function unknownName(
  noun: string,
  { name, path, names }: { name: string; path: string; names: readonly string[] },
): ScenarioError {
  return new ScenarioError(path, `no ${noun} named "${name}"; ${noun}s are ${listed(names)}`);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 24).join(', ');
  return names.length > 24 ? `${shown}, … (${names.length} in all)` : shown || 'none';
}
