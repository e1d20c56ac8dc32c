/**
 * Asks the kernel by which way packets of a given five-tuple would leave (rtnetlink
 * `RTM_GETROUTE`): where several uplinks are equal, its answer depends on the ports as it does for
 * a socket with these ports, if `fib_multipath_hash_policy` says so.
 */

import { familyOf } from '../lib/ip-address.ts';
import { AF_INET, AF_INET6 } from './linux-abi.ts';
import { decodeNetlinkAttributes, type NetlinkAttribute } from './netlink-message.ts';
import { RouteNetlink } from './route-netlink.ts';

const RTM_GETROUTE = 26;
/** `struct rtmsg`: family, prefix lengths, TOS and more. */
const RTMSG_BYTES = 12;
const RTA = {
  dst: 1,
  src: 2,
  oif: 4,
  gateway: 5,
  prefsrc: 7,
  mark: 16,
  ipProto: 27,
  sport: 28,
  dport: 29,
};

/** What the kernel's choice may depend on. */
export interface RouteQuestion {
  /** 4 or 16 bytes, network order; as is `source`. */
  readonly destination: Uint8Array;
  readonly source?: Uint8Array | undefined;
  /** Index of the device that it has to leave by. */
  readonly device?: number | undefined;
  /** IP protocol number; ports where it has them. */
  readonly protocol?: number | undefined;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
  readonly tos?: number | undefined;
  /** Mark of the packet, 0 unless told. */
  readonly mark?: number | undefined;
}

export interface RouteAnswer {
  /** Index of the device that packets leave by. */
  readonly device: number;
  /** The next hop; undefined where the destination itself is. */
  readonly gateway: Uint8Array | undefined;
  /** The address that the kernel would send from. */
  readonly source: Uint8Array | undefined;
}

/** A socket to the kernel's routing tables. */
export class RouteLookup {
  readonly #netlink = new RouteNetlink();

  /** @throws {SystemCallError} ENETUNREACH, EHOSTUNREACH and others when there is no route */
  ask(question: RouteQuestion): RouteAnswer {
    const { payload } = this.#netlink.ask('RTM_GETROUTE', {
      type: RTM_GETROUTE,
      body: routeMessage(question),
      attributes: attributesOf(question),
    });
    return answerOf(decodeNetlinkAttributes(payload.subarray(RTMSG_BYTES)));
  }

  close(): void {
    this.#netlink.close();
  }
}

/**
 * One question, on a socket of its own.
 *
 * @throws {SystemCallError} as `RouteLookup.ask` does
 */
export function routeOf(question: RouteQuestion): RouteAnswer {
  const lookup = new RouteLookup();
  try {
    return lookup.ask(question);
  } finally {
    lookup.close();
  }
}

function routeMessage({ destination, source, tos = 0 }: RouteQuestion): Uint8Array {
  const body = new Uint8Array(RTMSG_BYTES);
  body[0] = familyOf(destination) === 4 ? AF_INET : AF_INET6;
  body[1] = 8 * destination.length;
  body[2] = source === undefined ? 0 : 8 * source.length;
  body[3] = tos;
  return body;
}

function attributesOf(question: RouteQuestion): NetlinkAttribute[] {
  const { destination, source, device, protocol, sourcePort, destinationPort, mark } = question;
  const attributes: NetlinkAttribute[] = [{ type: RTA.dst, value: destination }];
  const add = (type: number, value: Uint8Array | undefined): void => {
    if (value !== undefined) attributes.push({ type, value });
  };
  add(RTA.src, source);
  if (device !== undefined) add(RTA.oif, word(device));
  if (mark !== undefined) add(RTA.mark, word(mark));
  if (protocol !== undefined) add(RTA.ipProto, Uint8Array.of(protocol));
  if (sourcePort !== undefined) add(RTA.sport, port(sourcePort));
  if (destinationPort !== undefined) add(RTA.dport, port(destinationPort));
  return attributes;
}

function answerOf(attributes: ReadonlyMap<number, Uint8Array>): RouteAnswer {
  const device = attributes.get(RTA.oif);
  return {
    device: device === undefined ? 0 : new DataView(device.slice().buffer).getUint32(0, true),
    gateway: attributes.get(RTA.gateway)?.slice(),
    source: attributes.get(RTA.prefsrc)?.slice(),
  };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Ports are in network order, as in the packet. */
function port(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
