/** Readers of single JSON values: texts, flags, numbers and choices, each with its JSON Schema. */

import { type Reader, readerOf, wrong } from './json-fields.ts';

/** Reads text that is not empty. */
export const text: Reader<string> = readerOf({ type: 'string', minLength: 1 }, (value, path) => {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(path, 'a text that is not empty', value);
});

/** Reads text of a certain form; `named` says which, for people. */
export function textLike(pattern: RegExp, named: string): Reader<string> {
  const schema = { type: 'string', pattern: pattern.source };
  return readerOf(schema, (value, path) => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw wrong(path, named, value);
  });
}

/** Reads `true` or `false`. */
export const flag: Reader<boolean> = readerOf({ type: 'boolean' }, (value, path) => {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'true or false', value);
});

/** Reads a number in [`min`, `max`]. */
export function numberFrom(min: number, max: number): Reader<number> {
  return readerOf({ type: 'number', minimum: min, maximum: max }, (value, path) => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw wrong(path, `a number from ${min} to ${max}`, value);
  });
}

/** Reads a whole number in [`min`, `max`]. */
export function integerFrom(min: number, max: number): Reader<number> {
  return readerOf({ type: 'integer', minimum: min, maximum: max }, (value, path) => {
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) {
      return Number(value);
    }
    throw wrong(path, `a whole number from ${min} to ${max}`, value);
  });
}

const PERCENTAGE = /^(\d+(?:\.\d+)?)%$/;

/** Reads a probability: a number from 0 to 1, or a percentage such as `"20%"`. */
export const ratio: Reader<number> = readerOf(
  {
    anyOf: [
      { type: 'number', minimum: 0, maximum: 1 },
      { type: 'string', pattern: PERCENTAGE.source },
    ],
  },
  (value, path) => {
    const [, percent] = typeof value === 'string' ? (PERCENTAGE.exec(value) ?? []) : [];
    const number = percent === undefined ? value : Number(percent) / 100;
    if (typeof number === 'number' && number >= 0 && number <= 1) return number;
    throw wrong(path, 'a number from 0 to 1 or a percentage such as "20%"', value);
  },
);

/** Reads one of the values listed. */
export function oneOf<const T extends string | number>(...choices: readonly T[]): Reader<T> {
  return readerOf({ enum: choices }, (value, path) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    throw wrong(path, `one of ${choices.map((each) => JSON.stringify(each)).join(', ')}`, value);
  });
}

/** Reads one of the texts listed, or what the other reader takes. */
export function oneOfOr<const T extends string, U>(
  choices: readonly T[],
  other: Reader<U>,
): Reader<T | U> {
  const schema = { anyOf: [{ enum: choices }, other.schema] };
  return readerOf<T | U>(schema, (value, path) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    if (typeof value === 'object' && value !== null) return other(value, path);
    throw wrong(path, `one of ${choices.join(', ')}, or an object`, value);
  });
}
