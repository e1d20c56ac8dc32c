/**
 * What a decoder answers when bytes are not what they should be. Garbage on the wire is a value to
 * count, never an exception.
 */

/** Why bytes could not be read; `offset` is the first byte that was missing or wrong. */
export interface Malformed {
  readonly malformed: MalformedReason;
  /** Counted from the first byte that the decoder was given. */
  readonly offset: number;
}

export type MalformedReason =
  /** The bytes end inside a header. */
  | 'truncated'
  /** Not the IP or ICMP extension version that belongs here. */
  | 'bad-version'
  /** A length field that is smaller than the header it stands in. */
  | 'bad-length'
  | 'bad-checksum'
  /** More IPv6 extension headers than `IPV6_EXTENSION_HEADERS_MAX`. */
  | 'too-many-extension-headers';

/** Whether a decoder's answer is a refusal. */
export function isMalformed(answer: object): answer is Malformed {
  return 'malformed' in answer;
}
