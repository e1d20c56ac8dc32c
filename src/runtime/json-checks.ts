/** What a value from someone's JSON is. */

/** An object of JSON, whose values nobody has looked at yet. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether it is an object, and no list. */
export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether it is a list of objects. */
export function isRecordList(value: unknown): value is readonly Json[] {
  return Array.isArray(value) && value.every(isRecord);
}

/** Whether it is a list of strings. */
export function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
