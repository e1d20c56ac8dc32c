/**
 * Holds a value against a JSON Schema (draft 2020-12), as far as the published schemas of this
 * project go: types, choices, ranges, keys, items and references. It says what is wrong first, and
 * where, in words for whoever made the file. Keys that a schema does not describe pass.
 */

import { isJsonObject, type JsonObject } from './json-object.ts';

/** A schema, or part of one. */
export type JsonSchema = JsonObject;

/** The first thing that is wrong. */
export interface SchemaFlaw {
  /** Where, as `hops[0].places[1].ttl`; empty for the value itself. */
  readonly path: string;
  /** As in `must be a number, not "x"`. */
  readonly complaint: string;
}

/** What is wrong with a value; undefined when nothing is. */
export function schemaFlaw(schema: JsonSchema, value: unknown): SchemaFlaw | undefined {
  return flawAt({ schema, value, path: '', root: schema });
}

/** The flaw as a sentence's part: `links[0].far is missing`. */
export function flawText({ path, complaint }: SchemaFlaw): string {
  return path === '' ? `it ${complaint}` : `${path} ${complaint}`;
}

interface Place {
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly path: string;
  readonly root: JsonSchema;
}

const TYPES: Readonly<Record<string, { named: string; fits: (value: unknown) => boolean }>> = {
  object: { named: 'an object', fits: isJsonObject },
  array: { named: 'an array', fits: Array.isArray },
  string: { named: 'a text', fits: (value) => typeof value === 'string' },
  number: { named: 'a number', fits: (value) => typeof value === 'number' },
  integer: { named: 'a whole number', fits: Number.isInteger },
  boolean: { named: 'true or false', fits: (value) => typeof value === 'boolean' },
  null: { named: 'null', fits: (value) => value === null },
};
const EXCERPT_CHARACTERS = 40;

function flawAt(place: Place): SchemaFlaw | undefined {
  const { schema, value, path, root } = place;
  const { $ref: reference, anyOf } = schema;
  if (typeof reference === 'string') {
    return flawAt({ ...place, schema: definitionOf(reference, root) });
  }
  if (Array.isArray(anyOf)) return flawOfChoices(anyOf.filter(isJsonObject), place);
  if (!fits(schema, value)) {
    return { path, complaint: `must be ${namedBy(schema)}, not ${excerpt(value)}` };
  }
  if (isJsonObject(value)) return flawOfKeys(value, place);
  return Array.isArray(value) ? flawOfItems(value, place) : undefined;
}

/** Of the choice that the value was meant to be, if there is one; else of all. */
function flawOfChoices(choices: readonly JsonSchema[], place: Place): SchemaFlaw | undefined {
  const { root, path, value } = place;
  const flaws = choices.map((schema) => flawAt({ ...place, schema }));
  if (flaws.includes(undefined)) return undefined;
  const deeper = flaws.find((flaw) => flaw !== undefined && flaw.path !== path);
  if (deeper !== undefined) return deeper;
  const named = choices.map((schema) => namedBy(resolved(schema, root)));
  return { path, complaint: `must be ${named.join(' or ')}, not ${excerpt(value)}` };
}

function flawOfKeys(value: JsonObject, { schema, path, root }: Place): SchemaFlaw | undefined {
  const { required, properties, additionalProperties: others } = schema;
  const missing = (Array.isArray(required) ? required : []).find(
    (key) => typeof key === 'string' && !Object.hasOwn(value, key),
  );
  if (missing !== undefined) return { path: pathTo(path, missing), complaint: 'is missing' };
  for (const [key, each] of Object.entries(value)) {
    const described = isJsonObject(properties) && Object.hasOwn(properties, key);
    const own = described ? properties[key] : others;
    if (!isJsonObject(own)) continue;
    const flaw = flawAt({ schema: own, value: each, path: pathTo(path, key), root });
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function flawOfItems(
  values: readonly unknown[],
  { schema: { items }, path, root }: Place,
): SchemaFlaw | undefined {
  if (!isJsonObject(items)) return undefined;
  for (const [i, value] of values.entries()) {
    const flaw = flawAt({ schema: items, value, path: `${path}[${i}]`, root });
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

/** Whether the value itself is as told, whatever is in it. */
function fits(schema: JsonSchema, value: unknown): boolean {
  const { type, enum: choices, pattern } = schema;
  if (typeof type === 'string' && TYPES[type]?.fits(value) !== true) return false;
  if (Array.isArray(choices) && !choices.includes(value)) return false;
  if ('const' in schema && schema['const'] !== value) return false;
  if (
    typeof pattern === 'string' &&
    typeof value === 'string' &&
    !new RegExp(pattern, 'u').test(value)
  )
    return false;
  const size = Array.isArray(value) ? value.length : value;
  if (typeof size !== 'number') return true;
  const [least, most] = boundsOf(schema, value);
  return size >= least && size <= most;
}

function boundsOf(schema: JsonSchema, value: unknown): readonly [number, number] {
  const [low, high] = Array.isArray(value) ? ['minItems', 'maxItems'] : ['minimum', 'maximum'];
  const [least, most] = [schema[low ?? ''], schema[high ?? '']];
  return [
    typeof least === 'number' ? least : Number.NEGATIVE_INFINITY,
    typeof most === 'number' ? most : Number.POSITIVE_INFINITY,
  ];
}

/** For people. */
function namedBy(schema: JsonSchema): string {
  const { type, enum: choices, pattern } = schema;
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(choices)) {
    const texts = choices.map((each) => JSON.stringify(each));
    return texts.length === 1 ? texts.join('') : `one of ${texts.join(', ')}`;
  }
  const named = TYPES[String(type)]?.named ?? 'something else';
  const isList = type === 'array';
  const [least, most] = boundsOf(schema, isList ? [] : undefined);
  const what = typeof pattern === 'string' ? `${named} like ${pattern}` : named;
  const items = isList ? ' items' : '';
  if (least === most) return `${what} of ${least}${items}`;
  if (Number.isFinite(most)) return `${what} from ${least} to ${most}${items}`;
  return Number.isFinite(least) ? `${what} of ${least}${items} or more` : what;
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const { $ref: reference } = schema;
  return typeof reference === 'string' ? definitionOf(reference, root) : schema;
}

/** @throws {RangeError} for a schema that refers to what it does not have */
function definitionOf(reference: string, root: JsonSchema): JsonSchema {
  let at: unknown = root;
  for (const key of reference.replace(/^#\//, '').split('/')) at = isJsonObject(at) ? at[key] : at;
  if (isJsonObject(at)) return at;
  throw new RangeError(`the schema has no ${reference}`);
}

function pathTo(path: string, key: string): string {
  if (!/^[\w$-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function excerpt(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (isJsonObject(value)) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > EXCERPT_CHARACTERS ? `${text.slice(0, EXCERPT_CHARACTERS)}…` : text;
}
