/** Refuses options that no compiler has looked at: misspelt ones, and values of another kind. */

import { inspect } from 'node:util';

/** What `typeof` says of a value; of `list` it is an array. */
type Kind = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'number or string';

/** Of what kind the values of each option are. */
export type OptionKinds<Options> = Readonly<Record<keyof Options, Kind>>;

/**
 * Whether all options are known and of their kind; one that is undefined is left out.
 *
 * @throws {RangeError} naming the option, and what it should be
 */
export function requireKinds<Options extends object>(
  options: Options,
  kinds: OptionKinds<Options>,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) throw new RangeError(`there is no option ${name}`);
    const kind = kinds[name as keyof Options];
    if (value === undefined || isOfKind(value, kind)) continue;
    const article = kind === 'object' ? 'an' : 'a';
    throw new RangeError(`${name} must be ${article} ${kind}, got ${inspect(value)}`);
  }
}

/**
 * Whether a target is named by a text.
 *
 * @throws {RangeError} where it is not
 */
export function requireName(target: unknown): asserts target is string {
  if (typeof target === 'string') return;
  throw new RangeError(`target must be a string, got ${inspect(target)}`);
}

/** @throws {RangeError} for what is neither 4 nor 6 */
export function requireFamily(family: unknown): void {
  if (family === undefined || family === 4 || family === 6) return;
  throw new RangeError(`family must be 4 or 6, got ${inspect(family)}`);
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value);
  if (kind === 'object') return typeof value === 'object' && value !== null;
  return kind.split(' or ').includes(typeof value);
}
