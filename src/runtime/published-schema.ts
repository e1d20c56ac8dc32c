/** The JSON Schemas that the package ships. */

import { readFileSync } from 'node:fs';
import type { JsonSchema } from '../lib/json-schema.ts';

const FOLDER = new URL('../../schemas/', import.meta.url);

/** The schema of a kind of document, such as `paths-1`. */
export function publishedSchema(name: string): JsonSchema {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as JsonSchema;
}
