/** Choices among the options of library calls. */

/**
 * What a word stands for.
 *
 * @throws {RangeError} naming the option, its value and its choices
 */
export function choiceOption<Value>(
  name: string,
  choices: Readonly<Record<string, Value>>,
  value: string,
): Value {
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen !== undefined) return chosen;
  throw new RangeError(`${name} must be one of ${Object.keys(choices).join(', ')}, got ${value}`);
}
