/**
 * Netlink messages as bytes (Linux `include/uapi/linux/netlink.h`): a header, a body of the
 * family's own, and attributes of type and value. Numbers are in the host's order.
 */

/** `struct nlmsghdr`: length, type, flags, sequence number, port. */
const NLMSGHDR_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
const ALIGNMENT = 4;
/** Flags of an attribute's type: nested, and in network order. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** Asks something of the kernel. */
export const NLM_F_REQUEST = 1;
/** Type of the answer that is an error number alone. */
export const NLMSG_ERROR = 2;
/** Type of the message that ends an answer of several. */
export const NLMSG_DONE = 3;

export interface NetlinkAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The body that this type of message starts with; its length is a multiple of 4. */
  readonly body: Uint8Array;
  readonly attributes: readonly NetlinkAttribute[];
}

/** One message of an answer. */
export interface NetlinkMessage {
  readonly type: number;
  readonly sequence: number;
  /** What follows the header: body and attributes. */
  readonly payload: Uint8Array;
}

/** The whole message: header, body, attributes. */
export function encodeNetlinkRequest(request: NetlinkRequest): Uint8Array {
  const { type, flags, sequence, body, attributes } = request;
  const attributeBytes = attributes.reduce(
    (sum, { value }) => sum + aligned(ATTRIBUTE_HEADER_BYTES + value.length),
    0,
  );
  const bytes = new Uint8Array(NLMSGHDR_BYTES + body.length + attributeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, NLMSGHDR_BYTES);
  let at = NLMSGHDR_BYTES + body.length;
  for (const attribute of attributes) {
    const length = ATTRIBUTE_HEADER_BYTES + attribute.value.length;
    view.setUint16(at, length, true);
    view.setUint16(at + 2, attribute.type, true);
    bytes.set(attribute.value, at + ATTRIBUTE_HEADER_BYTES);
    at += aligned(length);
  }
  return bytes;
}

/** The messages of one datagram; a damaged one ends the list. */
export function decodeNetlinkMessages(datagram: Uint8Array): NetlinkMessage[] {
  const view = viewOf(datagram);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + NLMSGHDR_BYTES <= datagram.length) {
    const length = view.getUint32(at, true);
    if (length < NLMSGHDR_BYTES || at + length > datagram.length) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      sequence: view.getUint32(at + 8, true),
      payload: datagram.subarray(at + NLMSGHDR_BYTES, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** Attributes by type; of several of one type the last. A damaged one ends the list. */
export function decodeNetlinkAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = viewOf(bytes);
  const attributes = new Map<number, Uint8Array>();
  let at = 0;
  while (at + ATTRIBUTE_HEADER_BYTES <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.length) break;
    const type = view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** The errno, positive, of an `NLMSG_ERROR` message; 0 for an acknowledgment. */
export function netlinkErrno({ payload }: NetlinkMessage): number {
  return payload.length < 4 ? 0 : -viewOf(payload).getInt32(0, true);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
