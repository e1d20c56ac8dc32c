/** Numbers among the options of library calls. */

/** @throws {RangeError} naming the option, its value and its range; nothing is clamped */
export function integerOption(
  name: string,
  value: number | undefined,
  { preset, min, max }: { readonly preset: number; readonly min: number; readonly max: number },
): number {
  if (value === undefined) return preset;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
}

/** @throws {RangeError} naming the option and its value, for what is not within (0, 1) */
export function ratioOption(name: string, value: number | undefined, preset: number): number {
  const ratio = value ?? preset;
  if (ratio > 0 && ratio < 1) return ratio;
  throw new RangeError(`${name} must be within (0, 1), got ${ratio}`);
}
