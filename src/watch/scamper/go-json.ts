/**
 * JSON the way Go's `encoding/json` reads and writes it, as far as M-Lab's parsers depend on it:
 * keys without regard to case, unknown ones dropped, missing ones zero, wrong kinds refused.
 */

/** Kinds of numbers, which differ in what they refuse. */
type GoNumber = 'float64' | 'int32' | 'int64';

/** What a value of a type must be. Fields of a struct come out in this order. */
export type GoShape<Value> = Value extends string
  ? 'string'
  : Value extends number
    ? GoNumber
    : Value extends boolean
      ? 'bool'
      : Value extends readonly (infer Item)[]
        ? { readonly list: GoShape<Item> }
        : {
            readonly struct: { readonly [Name in keyof Value]: GoShape<NonNullable<Value[Name]>> };
          };

/** A shape of whatever type. */
export type AnyGoShape =
  | 'string'
  | 'bool'
  | GoNumber
  | { readonly list: AnyGoShape }
  | { readonly struct: Readonly<Record<string, AnyGoShape>> };

/** A value is not of the kind that its shape asks for. */
class GoJsonError extends Error {
  override readonly name = 'GoJsonError';
}

/** Characters that Go escapes and JavaScript does not. */
const GO_ESCAPES = /[<>&\u2028\u2029]/g;
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const NOTHING: Readonly<Record<string, unknown>> = {};

/**
 * Reads a text.
 *
 * An integer may be written as `1.0`, which Go refuses; no program writes one so.
 *
 * @throws {GoJsonError} where Go would refuse it
 */
export function readGoJson<Value>(text: string, shape: GoShape<Value>): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GoJsonError('no JSON', { cause: error });
  }
  // `shaped` makes what the shape says, or throws.
  return shaped(value, shape as AnyGoShape, '') as Value;
}

/** One line without its newline, to the byte as Go has it. */
export function writeGoJson(value: object): string {
  const text = JSON.stringify(value);
  return text.replaceAll(
    GO_ESCAPES,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

function shaped(value: unknown, shape: AnyGoShape, place: string): unknown {
  if (typeof shape === 'string') return scalar(value, shape, place);
  if ('list' in shape) {
    if (value === undefined || value === null) return null;
    if (!Array.isArray(value)) throw wrong(place, 'no array');
    return value.map((item, i) => shaped(item, shape.list, `${place}[${i}]`));
  }
  if (Array.isArray(value) || (value != null && typeof value !== 'object')) {
    throw wrong(place, 'no object');
  }
  const fields = folded(value ?? NOTHING, shape.struct);
  const entries = Object.entries(shape.struct).map(([name, field]) => [
    name,
    shaped(fields.get(name), field, place === '' ? name : `${place}.${name}`),
  ]);
  return Object.fromEntries(entries);
}

/** The members that have a field; of several for one, the last. */
function folded(value: object, struct: Readonly<Record<string, AnyGoShape>>): Map<string, unknown> {
  const names = new Map(Object.keys(struct).map((name) => [name.toLowerCase(), name]));
  const fields = new Map<string, unknown>();
  for (const [key, member] of Object.entries(value)) {
    const name = names.get(key.toLowerCase());
    if (name !== undefined && member !== null) fields.set(name, member);
  }
  return fields;
}

function scalar(value: unknown, shape: GoScalar, place: string): unknown {
  const zero = ZEROES[shape];
  if (value === undefined || value === null) return zero;
  if (typeof value !== typeof zero) throw wrong(place, `no ${typeof zero}`);
  if (typeof value === 'string') return value.replaceAll(LONE_SURROGATES, '\ufffd');
  if (typeof value === 'number') requireInteger(value, shape, place);
  return value;
}

function requireInteger(value: number, shape: GoScalar, place: string): void {
  if (shape !== 'float64' && !Number.isInteger(value)) throw wrong(place, 'no integer');
  if (shape === 'int32' && (value < INT32_MIN || value > INT32_MAX)) {
    throw wrong(place, 'beyond 32 bits');
  }
}

type GoScalar = Extract<AnyGoShape, string>;

/** What stands for a value that is missing. */
const ZEROES: Readonly<Record<GoScalar, string | number | boolean>> = {
  string: '',
  float64: 0,
  int32: 0,
  int64: 0,
  bool: false,
};
/** Halves of characters, for which Go reads the replacement character. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

function wrong(place: string, why: string): GoJsonError {
  return new GoJsonError(`${place === '' ? 'the line' : place}: ${why}`);
}
