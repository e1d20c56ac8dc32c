/** How a scenario names its parts: where a fault is, and what is to be blamed for it. */

import { type Fields, listOf, type Reader, ScenarioError, text } from './json-fields.ts';
import { type Joined, routersOf, SOURCE, TARGET } from './topology.ts';

/** A link or a router, by the names of a scenario. */
export type Place =
  | { readonly kind: 'link'; readonly near: string; readonly far: string }
  | { readonly kind: 'router'; readonly name: string };

/** Reads the place that the keys `link` or `router` name, whichever is there. */
export function placeAmong(links: readonly Joined[]): (fields: Fields) => Place {
  const routers = routersOf(links);
  const node = nameAmong('node', [SOURCE, ...routers, TARGET]);
  return (fields) => {
    const ends = fields.optional('link', listOf(node), undefined);
    const name = fields.optional('router', nameAmong('router', routers), undefined);
    if ((ends === undefined) === (name === undefined)) {
      throw new ScenarioError(fields.path, 'needs either a link or a router, and not both');
    }
    if (name !== undefined) return { kind: 'router', name };
    const [near = '', far = ''] = ends ?? [];
    const isLink = links.some((link) => link.near === near && link.far === far);
    if (isLink && ends?.length === 2) return { kind: 'link', near, far };
    throw new ScenarioError(fields.pathOf('link'), noSuchLink(near, links));
  };
}

function noSuchLink(near: string, links: readonly Joined[]): string {
  const fars = links.filter((link) => link.near === near).map(({ far }) => far);
  return `must be [near, far] of a link; those from ${near} lead to ${listed(fars)}`;
}

/** Reads a name that the network has. */
export function nameAmong(noun: 'node' | 'router', names: readonly string[]): Reader<string> {
  return (value, path) => {
    const name = text(value, path);
    if (names.includes(name)) return name;
    throw new ScenarioError(path, `no ${noun} named "${name}"; ${noun}s are ${listed(names)}`);
  };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 24).join(', ');
  return names.length > 24 ? `${shown}, … (${names.length} in all)` : shown || 'none';
}
