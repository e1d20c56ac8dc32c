/**
 * Interface information objects (RFC 5837 §4): which of its interfaces a router means, with as much
 * of index, address, name and MTU as it tells. Names are whatever the router wrote.
 */

import type { IcmpObject } from './icmp-extension.ts';
import { uint16At, uint32At } from './octets.ts';

/** One object; fields that are undefined were not told. */
export interface InterfaceInformation {
  readonly role: InterfaceRole;
  readonly index: number | undefined;
  /** 4 or 16 bytes, a view. */
  readonly address: Uint8Array | undefined;
  readonly name: string | undefined;
  readonly mtu: number | undefined;
}

/** RFC 5837 §4.1, in the order of its two bits. */
export type InterfaceRole = 'incoming' | 'sub-ip' | 'outgoing' | 'next-hop';

const INTERFACE_INFORMATION_CLASS = 2;
const ROLES: readonly InterfaceRole[] = ['incoming', 'sub-ip', 'outgoing', 'next-hop'];
const HAS_INDEX = 0b1000;
const HAS_ADDRESS = 0b0100;
const HAS_NAME = 0b0010;
const HAS_MTU = 0b0001;
/** IANA address family numbers: RFC 5837 §4.2 knows these two. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16 };
/** RFC 5837 §4.3: the length counts itself. */
const NAME_BYTES_MAX = 64;

/** Reads the objects of this class; those whose parts do not fit their length are left out. */
export function interfaceInformation(
  objects: readonly IcmpObject[],
): readonly InterfaceInformation[] {
  const found: InterfaceInformation[] = [];
  for (const object of objects) {
    if (object.classNumber !== INTERFACE_INFORMATION_CLASS) continue;
    const read = readObject(object);
    if (read !== undefined) found.push(read);
  }
  return found;
}

function readObject({ classType, payload }: IcmpObject): InterfaceInformation | undefined {
  let at = 0;
  let index: number | undefined;
  let address: Uint8Array | undefined;
  let name: string | undefined;
  let mtu: number | undefined;
  if ((classType & HAS_INDEX) !== 0) {
    index = uint32At(payload, at);
    at += 4;
  }
  if ((classType & HAS_ADDRESS) !== 0) {
    const addressBytes = ADDRESS_BYTES[uint16At(payload, at)];
    if (addressBytes === undefined) return undefined;
    address = payload.subarray(at + 4, at + 4 + addressBytes);
    at += 4 + addressBytes;
  }
  if ((classType & HAS_NAME) !== 0) {
    const lengthBytes = payload[at] ?? 0;
    if (lengthBytes === 0 || lengthBytes % 4 !== 0 || lengthBytes > NAME_BYTES_MAX) {
      return undefined;
    }
    name = textOf(payload.subarray(at + 1, at + lengthBytes));
    at += lengthBytes;
  }
  if ((classType & HAS_MTU) !== 0) {
    mtu = uint32At(payload, at);
    at += 4;
  }
  if (at > payload.length) return undefined;
  return { role: ROLES[classType >> 6] ?? 'incoming', index, address, name, mtu };
}

/** UTF-8 up to the padding; bytes that are none become U+FFFD each, as the core has no decoder. */
function textOf(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  let escaped = '';
  for (let i = 0; i < end; i++) escaped += `%${(bytes[i] ?? 0).toString(16).padStart(2, '0')}`;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return bytes.subarray(0, end).reduce((text, byte) => {
      return text + (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd');
    }, '');
  }
}
