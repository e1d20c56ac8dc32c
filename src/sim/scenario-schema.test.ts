import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../lib/json-schema.ts';
import { scenarioSchema } from './scenario.ts';

const ROOT = new URL('../../', import.meta.url);
const SCHEMA_FILE = new URL('scenarios/scenario.schema.json', ROOT);
const FOLDERS = ['scenarios/', 'test/scenarios/tested/'];

function readJson(url: URL): unknown {
  return JSON.parse(readFileSync(url, 'utf8'));
}

/** Every keyword of JSON Schema that the schema uses; any other makes the test fail. */
const KEYWORDS: Readonly<Record<string, (value: never, json: unknown) => boolean>> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (type: string, json) => type === typeOf(json) || (type === 'number' && isInteger(json)),
  enum: (choices: readonly unknown[], json) => choices.includes(json),
  minimum: (min: number, json) => typeof json !== 'number' || json >= min,
  maximum: (max: number, json) => typeof json !== 'number' || json <= max,
  minLength: (min: number, json) => typeof json !== 'string' || json.length >= min,
  pattern: (text: string, json) => typeof json !== 'string' || new RegExp(text, 'u').test(json),
  minItems: (min: number, json) => !Array.isArray(json) || json.length >= min,
  maxItems: (max: number, json) => !Array.isArray(json) || json.length <= max,
  items: (schema: JsonSchema, json) =>
    !Array.isArray(json) || json.every((item) => isValid(item, schema)),
  properties: (schemas: Record<string, JsonSchema>, json) =>
    keysOf(json).every(
      (key) => schemas[key] === undefined || isValid(valueAt(json, key), schemas[key]),
    ),
  required: (keys: readonly string[], json) => keys.every((key) => keysOf(json).includes(key)),
  additionalProperties: () => true, // judged together with `properties`, below
  anyOf: (schemas: readonly JsonSchema[], json) => schemas.some((each) => isValid(json, each)),
  oneOf: (schemas: readonly JsonSchema[], json) =>
    schemas.filter((each) => isValid(json, each)).length === 1,
  not: (schema: JsonSchema, json) => !isValid(json, schema),
};

/** A validator of the small part of draft 2020-12 that the schema needs. */
function isValid(json: unknown, schema: JsonSchema): boolean {
  for (const [keyword, value] of Object.entries(schema)) {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the schema has ${keyword}, which nothing here knows`);
    if (!check(value as never, json)) return false;
  }
  const { additionalProperties: others, properties = {} } = schema;
  if (others === undefined || typeOf(json) !== 'object') return true;
  return keysOf(json).every(
    (key) =>
      Object.hasOwn(properties as object, key) ||
      (others !== false && isValid(valueAt(json, key), others as JsonSchema)),
  );
}

function typeOf(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'array';
  return isInteger(json) ? 'integer' : typeof json;
}

function isInteger(json: unknown): boolean {
  return Number.isInteger(json);
}

function keysOf(json: unknown): string[] {
  return typeOf(json) === 'object' ? Object.keys(json as object) : [];
}

function valueAt(json: unknown, key: string): unknown {
  return (json as Record<string, unknown>)[key];
}

/** Names and descriptions of every key that the schema has, at any depth. */
function describedKeys(schema: unknown): { key: string; description: unknown }[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const own =
      keyword === 'properties'
        ? Object.entries(value as Record<string, JsonSchema>).map(([key, { description }]) => ({
            key,
            description,
          }))
        : [];
    return [...own, ...describedKeys(value)];
  });
}

const VALID = { shows: 'a chain', fabric: { widths: [1] }, truth: { verdict: 'no-loss' } };

test('the published schema is that of the code', () => {
  const hint = 'node dist/bundle/main.js simulate --schema > scenarios/scenario.schema.json';
  expect(readJson(SCHEMA_FILE), `to renew it: npm run build && ${hint}`).toEqual(
    JSON.parse(JSON.stringify(scenarioSchema())),
  );
});

describe('the schema takes every scenario file', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, ROOT))
      .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
      .map((file) => folder + file),
  );

  test.each(files)('%s', (file) => {
    expect(isValid(readJson(new URL(file, ROOT)), scenarioSchema())).toBe(true);
  });
});

describe('the schema refuses what the reader refuses', () => {
  test.each([
    { ...VALID, faluts: [] },
    { ...VALID, shows: '' },
    { fabric: VALID.fabric, truth: VALID.truth },
    { ...VALID, links: [] },
    { shows: VALID.shows, truth: VALID.truth },
    { ...VALID, fabric: { widths: [0] } },
    { ...VALID, routers: { 'r1.0': { silent: 1 } } },
    { ...VALID, routers: { 'r1.0': { errorSource: 'egress' } } },
    { ...VALID, faults: [{ router: 'r1.0', forwardLoss: '120' }] },
    { ...VALID, faults: [{ router: 'r1.0', link: ['source', 'r1.0'], forwardLoss: 1 }] },
    { ...VALID, truth: { verdict: 'ok' } },
    { ...VALID, truth: { verdict: 'no-loss', suspect: {}, suspects: [] } },
    { ...VALID, links: undefined, fabric: undefined },
  ])('%j', (json) => {
    expect(isValid(json, scenarioSchema())).toBe(false);
  });

  test('and takes what is right', () => {
    expect(isValid(VALID, scenarioSchema())).toBe(true);
  });
});

test('every key is described, and documented', () => {
  const documentation = readFileSync(new URL('docs/scenarios.md', ROOT), 'utf8');
  const keys = describedKeys(scenarioSchema());
  expect(keys.length).toBeGreaterThan(60);
  expect(keys.filter(({ description }) => typeof description !== 'string')).toEqual([]);
  const undocumented = keys.filter(({ key }) => !documentation.includes(`\`${key}\``));
  expect(undocumented.map(({ key }) => key)).toEqual([]);
});
