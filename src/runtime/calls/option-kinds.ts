/** Refuses options that no compiler has looked at: misspelt ones, and values of another kind. */

import { inspect } from 'node:util';

/** What `typeof` says of the values of each option. */
export type OptionKinds<Options> = Readonly<
  Record<keyof Options, 'string' | 'number' | 'boolean' | 'object'>
>;

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
    if (value === undefined || typeof value === kind) continue;
    throw new RangeError(`${name} must be a ${kind}, got ${inspect(value)}`);
  }
}
