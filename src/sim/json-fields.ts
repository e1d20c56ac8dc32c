/**
 * Reads untrusted JSON into typed values. Every complaint names the path of the wrong value
 * (`faults[0].link[1]`), and a key that nobody asked for is an error, so that a misspelt option is
 * never taken for its default.
 */

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
export type Reader<T> = (value: unknown, path: string) => T;

/** One JSON object, read key by key; `close` complains about the keys that were not read. */
export class Fields {
  readonly path: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  /** @throws {ScenarioError} when `value` is no object */
  constructor(value: unknown, path: string) {
    this.path = path;
    this.#values = objectAt(value, path);
  }

  /** @throws {ScenarioError} when the key is missing or its value wrong */
  required<T>(key: string, read: Reader<T>): T {
    const value = this.optional(key, read, undefined);
    if (value === undefined) throw new ScenarioError(this.pathOf(key), 'is missing');
    return value;
  }

  /** @throws {ScenarioError} when the value is there and wrong */
  optional<T, F>(key: string, read: Reader<T>, fallback: F): T | F {
    this.#known.add(key);
    if (!Object.hasOwn(this.#values, key)) return fallback;
    return read(this.#values[key], this.pathOf(key));
  }

  /** Where the value of `key` is in the document. */
  pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  /** @throws {ScenarioError} for the first key that was never asked for */
  close(): void {
    const unknown = Object.keys(this.#values).find((key) => !this.#known.has(key));
    if (unknown === undefined) return;
    throw new ScenarioError(
      this.pathOf(unknown),
      `unknown key; the keys here are ${[...this.#known].join(', ')}`,
    );
  }
}

/** Reads text that is not empty. */
export function text(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(path, 'a text that is not empty', value);
}

/** Reads `true` or `false`. */
export function flag(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'true or false', value);
}

/** Reads a number in [`min`, `max`]. */
export function numberFrom(min: number, max: number): Reader<number> {
  return (value, path) => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw wrong(path, `a number from ${min} to ${max}`, value);
  };
}

/** Reads a whole number in [`min`, `max`]. */
export function integerFrom(min: number, max: number): Reader<number> {
  return (value, path) => {
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) {
      return Number(value);
    }
    throw wrong(path, `a whole number from ${min} to ${max}`, value);
  };
}

/** Reads a probability: a number from 0 to 1, or a percentage such as `"20%"`. */
export function ratio(value: unknown, path: string): number {
  const [, percent] = typeof value === 'string' ? (/^(\d+(?:\.\d+)?)%$/.exec(value) ?? []) : [];
  const number = percent === undefined ? value : Number(percent) / 100;
  if (typeof number === 'number' && number >= 0 && number <= 1) return number;
  throw wrong(path, 'a number from 0 to 1 or a percentage such as "20%"', value);
}

/** Reads one of the values listed. */
export function oneOf<T extends string | number>(...choices: readonly T[]): Reader<T> {
  return (value, path) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    throw wrong(path, `one of ${choices.map((each) => JSON.stringify(each)).join(', ')}`, value);
  };
}

/** Reads an array, element by element. */
export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'an array', value);
    return value.map((item: unknown, i) => read(item, `${path}[${i}]`));
  };
}

/** Reads an object whose keys are names of the document's own, such as routers. */
export function mapOf<T>(read: Reader<T>): Reader<ReadonlyMap<string, T>> {
  return (value, path) => {
    const entries = Object.entries(objectAt(value, path));
    return new Map(
      entries.map(([key, item]) => [key, read(item, `${path}[${JSON.stringify(key)}]`)]),
    );
  };
}

function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw wrong(path, 'an object', value);
}

function wrong(path: string, expected: string, value: unknown): ScenarioError {
  const shown = JSON.stringify(value) ?? String(value);
  const excerpt = shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
  return new ScenarioError(path, `must be ${expected}, not ${excerpt}`);
}
