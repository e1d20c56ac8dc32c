/** What a link on raw sockets is to be like. */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { NextHops } from '../../native/frame-sender.ts';
import type { DevicesOfPorts } from '../../native/raw-sender.ts';
import type { PortRange } from '../../native/reply-filters.ts';

export type LinkProtocol = 'tcp' | 'udp' | 'icmp';

export interface RawLinkOptions {
  readonly family: IpFamily;
  /** Address of ours that probes carry: 4 or 16 bytes, network order. */
  readonly source: Uint8Array;
  /**
   * The only target of the probes: 4 or 16 bytes, network order. Undefined where there are several:
   * direct answers are then taken from everywhere.
   */
  readonly destination?: Uint8Array | undefined;
  /** What is sent; TCP alone unless told. */
  readonly protocols?: readonly LinkProtocol[];
  /** Whether to take direct answers of TCP and UDP; true unless told. */
  readonly hearsDirectly?: boolean;
  /** The longest packet to send: 128 bytes unless told. */
  readonly packetBytesMax?: number;
  /** Interface index of a link-local destination. */
  readonly scopeId?: number | undefined;
  /** Name of the device that probes leave by; replies are taken from every device. */
  readonly device?: string | undefined;
  /**
   * Whom to hand probes to, past the routes and the firewall of this host; the kernel routes them
   * unless told. Then the options above that are about routes count for nothing.
   */
  readonly nextHops?: NextHops | undefined;
  /** Which devices probes leave by; undefined where the kernel chooses for all. */
  readonly devices?: readonly DevicesOfPorts[] | undefined;
  /** Mark of the probes, for routing and firewalls of this host. */
  readonly mark?: number | undefined;
  /** Whether the kernel is asked when each probe left; false unless told. */
  readonly hasSendTimes?: boolean | undefined;
  /**
   * Index of the device whose receive ring is to hand over what it can; undefined for raw sockets
   * alone. Then send times are those at which probes leave by that device.
   */
  readonly ringDevice?: number | undefined;
  /** Source ports of the probes, both included. */
  readonly ports: PortRange;
  /**
   * Packets wait to be received. Called on every turn of the event loop until `receive` has taken
   * them; an exception in it is an uncaught one.
   */
  readonly onReadable: () => void;
}
