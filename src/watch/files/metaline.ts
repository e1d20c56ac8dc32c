/** The line that each result file begins with: whose result it is, and whether it was shared. */

export interface Metadata {
  readonly uuid: string;
  /** Of the program that wrote the file. */
  readonly version: string;
  /** The UUID of the connection that the trace was made for, where that is another one. */
  readonly cachedUuid: string | null;
}

/** Characters that Go's JSON escapes and JavaScript's does not. */
const GO_ESCAPES = /[<>&\u2028\u2029]/g;

/** Byte for byte as traceroute-caller writes it, with its newline. */
export function metaline({ uuid, version, cachedUuid }: Metadata): string {
  const text = JSON.stringify({
    UUID: uuid,
    TracerouteCallerVersion: version,
    CachedResult: cachedUuid !== null,
    CachedUUID: cachedUuid ?? '',
  });
  return `${text.replaceAll(GO_ESCAPES, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
