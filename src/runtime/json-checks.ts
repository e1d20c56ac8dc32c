/** What a value from someone's JSON is. */

/** An object of JSON, whose values nobody has looked at yet. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether it is an object, and no list. */
export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
