/** What a run of `isolate` may be asked for, and what it does unless told. */

/** Asks no interface for more replies a second than routers bear by default. */
export const PER_INTERFACE = 100;
/** Where a port is not given: SSH, which answers nearly everywhere; that of traceroutes; none. */
export const DEFAULT_PORT = { tcp: 22, udp: 33_434, icmp: 0 } as const;
export const PORT_MAX = 65_535;
/** ICMP has the number as its checksum as well, where 65535 would not stay as it is. */
export const ECHO_MAX = 65_534;
/** Shorter is no packet of any protocol. */
export const PACKET_BYTES_MIN = 28;
/** Of the largest frames that are common. */
export const PACKET_BYTES_MAX = 9216;
/** To each target in each class. */
export const FLOWS_MAX = 4096;
/** Of all classes, to all targets. */
export const FLOWS_IN_ALL_MAX = 65_536;
export const CLASSES_MAX = 16;
/** The largest seed. */
export const SEED_MAX: number = 2 ** 32 - 1;
