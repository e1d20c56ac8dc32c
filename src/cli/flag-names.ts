/** What the library says of its options, in the words of the command line. */

/** An option whose name has several words, wherever it is named. */
const COMPOUND = /\b[a-z]+(?:[A-Z][a-z]+)+\b/g;
/** The option that a message is about: the library begins with its name. */
const SUBJECT = /^[a-z]+(?:\.[a-z]+)?(?= (?:must|needs)\b)/;

/**
 * @param message of a `RangeError` of the library, such as `minTtl must be at most maxTtl 3`
 * @param special flags that are called otherwise than their option
 * @returns the same with flags in the place of options: `--min-ttl must be at most --max-ttl 3`
 */
export function inFlagNames(
  message: string,
  special: Readonly<Record<string, string>> = {},
): string {
  const flagOf = (name: string): string =>
    special[name] ?? `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return message.replace(SUBJECT, flagOf).replaceAll(COMPOUND, flagOf);
}
