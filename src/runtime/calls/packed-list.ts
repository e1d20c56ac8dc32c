/**
 * Lists of plain data, packed for the way to another thread. A structured clone takes each object
 * apart and puts it together again, key by key, and makes a new string of each text. Most of what
 * is told here are long lists of objects alike in most of their fields: packed, these are one
 * object to be copied, and a column for each field that differs.
 *
 * For trees of what JSON knows and `undefined`; whatever else a structured clone takes passes as it
 * is. Objects in two places become two, and a cycle has no end.
 */

/** As many values as its list has. */
export type PackedList =
  /** All of them this one, which is no object. */
  | { readonly kind: 'same'; readonly value: unknown }
  | { readonly kind: 'unpacked'; readonly values: readonly unknown[] }
  | PackedObjects
  /** How long each is, and what is in all of them, one behind the other. */
  | { readonly kind: 'lists'; readonly lengths: PackedList; readonly items: PackedList }
  /** Which group each belongs to, and the groups. */
  | { readonly kind: 'mixed'; readonly groupOf: PackedList; readonly groups: readonly Group[] };

interface PackedObjects {
  readonly kind: 'objects';
  /** All keys in their order, and the values that all objects share. */
  readonly template: Readonly<Record<string, unknown>>;
  /** The others, by key. */
  readonly columns: readonly { readonly key: string; readonly values: PackedList }[];
}

interface Group {
  readonly count: number;
  readonly values: PackedList;
}

/** Objects of more kinds than this pass as they are. */
const SHAPES_MAX = 8;
/** Of values that are neither objects with known keys nor lists. */
const OTHERS = 0;
const LISTS = 1;
const FIRST_SHAPE = 2;
/** A list of so many objects is long. */
const LONG = 8;

/** Packs them. The result refers to what is in `values`. */
export function packed(values: readonly unknown[]): PackedList {
  const shapes: (readonly string[])[] = [];
  const first = groupIn(shapes, values[0]);
  if (values.every((value) => groupIn(shapes, value) === first)) {
    return packedAlike(values, first, shapes);
  }
  const groupOf = values.map((value) => groupIn(shapes, value));
  const groups = Array.from({ length: FIRST_SHAPE + shapes.length }, (_, group) => {
    const members = values.filter((_, i) => groupOf[i] === group);
    return { count: members.length, values: packedAlike(members, group, shapes) };
  });
  return { kind: 'mixed', groupOf: packedAlike(groupOf, OTHERS, shapes), groups };
}

/** Takes an object's keys into `shapes` where they are new. */
function groupIn(shapes: (readonly string[])[], value: unknown): number {
  if (typeof value !== 'object' || value === null) return OTHERS;
  if (Array.isArray(value)) return LISTS;
  if (Object.getPrototypeOf(value) !== Object.prototype) return OTHERS;
  for (let i = 0; i < shapes.length; i++) {
    if (hasKeys(value, shapes[i] as readonly string[])) return FIRST_SHAPE + i;
  }
  const keys = Object.keys(value);
  if (shapes.length === SHAPES_MAX) return OTHERS;
  return FIRST_SHAPE + shapes.push(keys) - 1;
}

/** By a loop that makes no list of its keys: this is asked for each object. */
function hasKeys(value: object, keys: readonly string[]): boolean {
  let count = 0;
  for (const key in value) if (key !== keys[count++]) return false;
  return count === keys.length;
}

function packedAlike(
  values: readonly unknown[],
  group: number,
  shapes: readonly (readonly string[])[],
): PackedList {
  if (group === LISTS) {
    const lists = values as readonly (readonly unknown[])[];
    const lengths = packed(lists.map(({ length }) => length));
    return { kind: 'lists', lengths, items: packed(lists.flat()) };
  }
  const keys = shapes[group - FIRST_SHAPE];
  if (keys !== undefined) return packedObjects(values as readonly PlainObject[], keys);
  const [first] = values;
  const isObject = typeof first === 'object' && first !== null;
  if (isObject || values.length === 0) return { kind: 'unpacked', values };
  if (values.every((value) => Object.is(value, first))) return { kind: 'same', value: first };
  return { kind: 'unpacked', values };
}

type PlainObject = Readonly<Record<string, unknown>>;

function packedObjects(objects: readonly PlainObject[], keys: readonly string[]): PackedObjects {
  const template: Record<string, unknown> = { ...objects[0] };
  const columns: { key: string; values: PackedList }[] = [];
  for (const key of keys) {
    const values = packed(objects.map((each) => each[key]));
    if (values.kind === 'same') continue;
    if (typeof template[key] === 'object') template[key] = null; // as it is in its column
    columns.push({ key, values });
  }
  return { kind: 'objects', template, columns };
}

/** The values of a packed list, new ones but for those that passed as they are. */
export function unpacked(list: PackedList, count: number): unknown[] {
  switch (list.kind) {
    case 'same':
      return new Array(count).fill(list.value);
    case 'unpacked':
      return [...list.values];
    case 'objects':
      return unpackedObjects(list, count);
    case 'lists': {
      const lengths = unpacked(list.lengths, count) as number[];
      const items = unpacked(
        list.items,
        lengths.reduce((sum, length) => sum + length, 0),
      );
      let end = 0;
      return lengths.map((length) => {
        end += length;
        return length === 0 ? [] : items.slice(end - length, end);
      });
    }
    default: {
      const groups = list.groups.map((group) => unpacked(group.values, group.count).values());
      return (unpacked(list.groupOf, count) as number[]).map(
        (group) => groups[group]?.next().value,
      );
    }
  }
}

/** Copies of the template: V8 makes these much faster than objects that grow key by key. */
function unpackedObjects({ template, columns }: PackedObjects, count: number): unknown[] {
  const differing = columns.map(({ key, values }) => ({ key, values: unpacked(values, count) }));
  const objects = count < LONG ? fewCopiesOf(template, count) : copiesOf(template, count);
  for (const { key, values } of differing) {
    for (let i = 0; i < count; i++) (objects[i] as Record<string, unknown>)[key] = values[i];
  }
  return objects;
}

/** Long lists are of few kinds of objects, and V8 copies many times as fast where it sees few. */
function copiesOf(template: PlainObject, count: number): PlainObject[] {
  const copies: PlainObject[] = [];
  for (let i = 0; i < count; i++) copies.push({ ...template });
  return copies;
}

/** The same in a place of its own, for all the other kinds. */
function fewCopiesOf(template: PlainObject, count: number): PlainObject[] {
  return Array.from({ length: count }, () => ({ ...template }));
}
