/**
 * Reads untrusted JSON into typed values. Every complaint names the path of the wrong value
 * (`faults[0].link[1]`), and a key that nobody described is an error, so that a misspelt option is
 * never taken for its default. A reader carries the JSON Schema of what it takes.
 */

import { isJsonObject, type JsonObject } from '../lib/json-object.ts';
import type { JsonSchema } from '../lib/json-schema.ts';

/** A scenario that cannot be simulated; the message starts with the path of what is wrong. */
export class ScenarioError extends Error {
  readonly code = 'SCENARIO_INVALID';
  /** Where in the document, as `faults[0].link[1]`; empty for the document itself. */
  readonly path: string;

  constructor(path: string, complaint: string) {
    super(`${path === '' ? 'the scenario' : path}: ${complaint}`);
    this.name = 'ScenarioError';
    this.path = path;
  }
}

/** Turns the JSON value at `path` into a `T`. @throws {ScenarioError} when it is none */
export interface Reader<T> {
  (value: unknown, path: string): T;
  /** What it takes, as far as a schema can say it: never less than what is right. */
  readonly schema: JsonSchema;
}

/** One key of an object. */
export interface Key<T> {
  readonly about: string;
  readonly read: Reader<unknown>;
  /** Undefined: the key must be there. */
  readonly fallback: (() => T) | undefined;
}

/** What an object's keys are; the order is that of the schema, and of complaints. */
export type Shape = Readonly<Record<string, Key<unknown>>>;

/** The object that a shape reads. */
export type Shaped<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Key<infer T> ? T : never;
};

/** A condition on which of an object's keys are there. */
export interface KeyRule {
  readonly schema: JsonSchema;
  /** What is wrong with these keys; undefined when nothing is. */
  readonly complaintAbout: (keys: ReadonlySet<string>) => string | undefined;
}

type KeyPair = readonly [first: string, second: string];

/** Makes a reader of a function and the schema of what it takes. */
export function readerOf<T>(
  schema: JsonSchema,
  read: (value: unknown, path: string) => T,
): Reader<T> {
  return Object.assign((value: unknown, path: string) => read(value, path), { schema });
}

/** A key that must be there; `about` says in one sentence what it means. */
export function required<T>(read: Reader<T>, about: string): Key<T> {
  return { about, read, fallback: undefined };
}

/** A key that may be left out. */
export function optional<T, F>(read: Reader<T>, fallback: F, about: string): Key<T | F> {
  return { about, read, fallback: () => fallback };
}

/** Reads an object of exactly these keys. */
export function objectOf<S extends Shape>(
  shape: S,
  rules: readonly KeyRule[] = [],
): Reader<Shaped<S>> {
  const entries = Object.entries(shape);
  const keys = entries.map(([key]) => key);
  return readerOf(schemaOfObject(shape, rules), (value, path) => {
    const object = objectAt(value, path);
    const present = new Set(Object.keys(object));
    const read: Record<string, unknown> = {};
    for (const [key, description] of entries) read[key] = readKey(object, key, description, path);
    const unknown = Object.keys(object).find((key) => !Object.hasOwn(shape, key));
    if (unknown !== undefined) {
      const complaint = `unknown key; the keys here are ${keys.join(', ')}`;
      throw new ScenarioError(pathTo(path, unknown), complaint);
    }
    for (const { complaintAbout } of rules) {
      const complaint = complaintAbout(present);
      if (complaint !== undefined) throw new ScenarioError(path, complaint);
    }
    return read as Shaped<S>;
  });
}

/** Exactly one of two keys must be there; `named` is what to call them. */
export function eitherKey([first, second]: KeyPair, named: string): KeyRule {
  return {
    schema: { oneOf: [{ required: [first] }, { required: [second] }] },
    complaintAbout: (keys) =>
      keys.has(first) === keys.has(second) ? `needs either ${named}, and not both` : undefined,
  };
}

/** Two keys that exclude each other. */
export function notBothKeys([first, second]: KeyPair): KeyRule {
  return {
    schema: { not: { required: [first, second] } },
    complaintAbout: (keys) =>
      keys.has(first) && keys.has(second) ? `has ${first} and ${second}: give one` : undefined,
  };
}

/** Reads an array, element by element. */
export function listOf<T>(
  read: Reader<T>,
  { min = 0, max = Number.POSITIVE_INFINITY }: { min?: number; max?: number } = {},
): Reader<readonly T[]> {
  const schema = {
    type: 'array',
    items: read.schema,
    ...(min > 0 && { minItems: min }),
    ...(Number.isFinite(max) && { maxItems: max }),
  };
  return readerOf(schema, (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'an array', value);
    if (value.length < min) throw new ScenarioError(path, `needs at least ${min}`);
    if (value.length > max)
      throw new ScenarioError(path, `has ${value.length}; ${max} are possible`);
    return value.map((item: unknown, i) => read(item, `${path}[${i}]`));
  });
}

/** Reads an object whose keys are names of the document's own, such as routers. */
export function mapOf<T>(read: Reader<T>): Reader<ReadonlyMap<string, T>> {
  const schema = { type: 'object', additionalProperties: read.schema };
  return readerOf(schema, (value, path) => {
    const entries = Object.entries(objectAt(value, path));
    return new Map(entries.map(([key, item]) => [key, read(item, pathToName(path, key))]));
  });
}

/** The same reader, and what is made of its values. */
export function mapped<T, U>(read: Reader<T>, make: (value: T) => U): Reader<U> {
  return readerOf(read.schema, (value, path) => make(read(value, path)));
}

/** Where the value of a key is in the document. */
export function pathTo(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** Where the value is that belongs to a name of the document's own. */
export function pathToName(path: string, name: string): string {
  return `${path}[${JSON.stringify(name)}]`;
}

/** The complaint that a value is not what was expected. */
export function wrong(path: string, expected: string, value: unknown): ScenarioError {
  const shown = JSON.stringify(value) ?? String(value);
  const excerpt = shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
  return new ScenarioError(path, `must be ${expected}, not ${excerpt}`);
}

function readKey(
  object: JsonObject,
  key: string,
  { read, fallback }: Key<unknown>,
  path: string,
): unknown {
  if (Object.hasOwn(object, key)) return read(object[key], pathTo(path, key));
  if (fallback === undefined) throw new ScenarioError(pathTo(path, key), 'is missing');
  return fallback();
}

function schemaOfObject(shape: Shape, rules: readonly KeyRule[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const requiredKeys: string[] = [];
  for (const [key, { about, read, fallback }] of Object.entries(shape)) {
    const preset = fallback?.();
    const told = isTellable(preset) ? { default: preset } : {};
    properties[key] = { description: about, ...read.schema, ...told };
    if (fallback === undefined) requiredKeys.push(key);
  }
  return {
    type: 'object',
    properties,
    ...(requiredKeys.length > 0 && { required: requiredKeys }),
    additionalProperties: false,
    ...Object.assign({}, ...rules.map(({ schema }) => schema)),
  };
}

/** Whether JSON has a word for a default: not for "none", nor for "for ever". */
function isTellable(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function objectAt(value: unknown, path: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw wrong(path, 'an object', value);
}
