/** Asks the kernel what a network device belongs to (rtnetlink `RTM_GETLINK`). */

import { decodeNetlinkAttributes } from './netlink-message.ts';
import { RouteNetlink } from './route-netlink.ts';

const RTM_GETLINK = 18;
/** `struct ifinfomsg`: family, type, index, flags. */
const IFINFOMSG = { bytes: 16, index: 4 };
const IFLA = { name: 3, master: 10 };

/** What is known of a device. */
export interface DeviceTraits {
  readonly index: number;
  readonly name: string;
  /** Whether it is a port of a bridge, of a bond, or of a VRF. */
  readonly hasMaster: boolean;
}

/**
 * What the kernel tells of a device.
 *
 * @param device its index, or its name
 * @throws {SystemCallError} ENODEV where there is none
 */
export function deviceTraits(device: number | string): DeviceTraits {
  const body = new Uint8Array(IFINFOMSG.bytes);
  const isIndex = typeof device === 'number';
  if (isIndex) new DataView(body.buffer).setInt32(IFINFOMSG.index, device, true);
  const name = { type: IFLA.name, value: new TextEncoder().encode(`${device}\0`) };
  const netlink = new RouteNetlink();
  try {
    const question = { type: RTM_GETLINK, body, attributes: isIndex ? [] : [name] };
    return readDeviceTraits(netlink.ask('RTM_GETLINK', question).payload);
  } finally {
    netlink.close();
  }
}

/** Reads the body of an `RTM_NEWLINK` message: `struct ifinfomsg`, then attributes. */
export function readDeviceTraits(payload: Uint8Array): DeviceTraits {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attributes = decodeNetlinkAttributes(payload.subarray(IFINFOMSG.bytes));
  return {
    index: view.getInt32(IFINFOMSG.index, true),
    name: new TextDecoder().decode(attributes.get(IFLA.name)?.slice(0, -1)),
    hasMaster: attributes.has(IFLA.master),
  };
}
