/** The JSON Schemas that the package ships, to hold its output against. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));

/**
 * What is wrong with a document, as far as a published schema can tell; keys that the schema does
 * not describe count as wrong, though the schema itself lets them pass, for versions to come.
 */
export function flawsOf(schema: string, document: unknown): string[] {
  return validatorsOf(schema).flatMap((validate) => {
    validate(document);
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  });
}

const compiled = new Map<string, readonly ValidateFunction[]>();

/** For the schema as it is, and without room for keys that it does not describe. */
function validatorsOf(schema: string): readonly ValidateFunction[] {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const published = JSON.parse(readFileSync(path.join(FOLDER, `${schema}.json`), 'utf8'));
  const validators = [published, closed(published)].map((each) =>
    new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(each),
  );
  compiled.set(schema, validators);
  return validators;
}

/** The schema, with no keys but those that it describes. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]): [string, unknown] => [
    key,
    closed(value),
  ]);
  const isObject = 'properties' in schema && 'required' in schema;
  return Object.fromEntries(isObject ? [...entries, ['additionalProperties', false]] : entries);
}
