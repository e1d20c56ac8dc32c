/** Reads back what `fantrace paths --json` wrote: from a file, so nothing is believed unseen. */

import type { JsonObject } from '../../lib/json-object.ts';
import { flawText, schemaFlaw } from '../../lib/json-schema.ts';
import type { PathsRecord } from '../../model/paths-record.ts';
import { publishedSchema } from '../published-schema.ts';

const SCHEMA_NAME = 'fantrace.paths/1';

/** Whether a document says that it is one. */
export function isPathsDocument({ schema }: JsonObject): boolean {
  return schema === SCHEMA_NAME;
}

/**
 * The record in a document; where it is damaged, what is wrong first, with its path.
 *
 * @param document what `JSON.parse` made of the file
 */
export function readPathsDocument(document: JsonObject): PathsRecord | { readonly flaw: string } {
  const flaw = schemaFlaw(publishedSchema('paths-1'), document);
  if (flaw !== undefined) return { flaw: flawText(flaw) };
  const record = document as unknown as PathsRecord;
  const stray = strayPlace(record);
  return stray === undefined ? record : { flaw: stray };
}

/** The first mention of a place that no hop has. */
function strayPlace({ hops, links, flows }: PathsRecord): string | undefined {
  const known = new Set<string | null>([null]);
  for (const { places } of hops) for (const { id } of places) known.add(id);
  const complaint = (path: string, id: string | null): string =>
    `${path} must be the id of a place in hops, not ${JSON.stringify(id)}`;
  for (const [i, { from, to }] of links.entries()) {
    if (!known.has(from)) return complaint(`links[${i}].from`, from);
    if (!known.has(to)) return complaint(`links[${i}].to`, to);
  }
  for (const [i, { path }] of flows.entries()) {
    for (const [j, id] of path.entries()) {
      if (!known.has(id)) return complaint(`flows[${i}].path[${j}]`, id);
    }
  }
  return undefined;
}
