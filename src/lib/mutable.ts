/** For records that are filled anew for each packet, while others only read them. */

/** The same fields, to be written. */
export type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
