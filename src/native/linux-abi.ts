/**
 * Numbers and struct sizes of the Linux ABI as it is on x64 and arm64 (LP64, little endian), from
 * the kernel's `include/uapi`. Where the two differ, the field that differs is not used.
 */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;

export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_RAW = 255;

export const SOL_IP = 0;
export const SOL_SOCKET = 1;
export const SOL_IPV6 = 41;
export const SOL_ICMPV6 = 58;
export const SOL_RAW = 255;
/** Protocol numbers of frames (`include/uapi/linux/if_ether.h`). */
export const ETH_P_IP = 0x0800;
export const ETH_P_IPV6 = 0x86dd;
/** Packets of every protocol, also those that leave. */
export const ETH_P_ALL = 0x0003;
/** `struct sockaddr_ll`: family, then what is at these offsets. */
export const SOCKADDR_LL = {
  protocol: 2,
  device: 4,
  packetType: 10,
  addressLength: 11,
  address: 12,
  bytes: 20,
} as const;

/** Of packet sockets (`include/uapi/linux/if_packet.h`). */
export const SOL_PACKET = 263;
export const PACKET_RX_RING = 5;
/** Two counters of 32 bits, which reading resets: packets that passed the filter, and drops. */
export const PACKET_STATISTICS = 6;
export const PACKET_VERSION = 10;
export const TPACKET_V2 = 1;
/** Packets to this host, and packets that leave it. */
export const PACKET_HOST = 0;
export const PACKET_OUTGOING = 4;
/** `struct tpacket2_hdr`, and where the `sockaddr_ll` behind it is. */
export const TPACKET2 = {
  status: 0,
  length: 4,
  captured: 8,
  networkHeader: 14,
  seconds: 16,
  nanoseconds: 20,
  address: 32,
} as const;
/** A frame's owner, in its status: the kernel where the bit is not set. */
export const TP_STATUS_KERNEL = 0;
export const TP_STATUS_USER = 1;

/** Reads the error that a socket waits to tell, and forgets it. */
export const SO_ERROR = 4;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_RCVBUFFORCE = 33;
/** Also the type of the control message that it causes: a `timespec` of CLOCK_REALTIME. */
export const SO_TIMESTAMPNS = 35;
/** Mark of a socket's packets, for routing and firewalls of this host. */
export const SO_MARK = 36;
/**
 * Send times; also the type of the control message that tells one: three `timespec`, of which the
 * first is the kernel's own.
 */
export const SO_TIMESTAMPING = 37;
export const SOF_TIMESTAMPING_TX_SOFTWARE = 0x2;
export const SOF_TIMESTAMPING_SOFTWARE = 0x10;
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;
export const SO_LOCK_FILTER = 44;
export const SO_MEMINFO = 55;
/**
 * Indexes into the `u32` array of SO_MEMINFO: bytes that wait to be read, how many may, packets
 * dropped; and how long that array is.
 */
export const SK_MEMINFO_RMEM_ALLOC = 0;
export const SK_MEMINFO_RCVBUF = 1;
export const SK_MEMINFO_DROPS = 8;
export const SK_MEMINFO_VARS = 9;

export const ICMP_FILTER = 1;
export const ICMP6_FILTER = 1;

export const IP_TOS = 1;
/** Also the type of the control message that IP_RECVTTL causes: an `int`. */
export const IP_TTL = 2;
export const IP_RECVTTL = 12;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_TCLASS = 67;
/** Lets IP packets be cut into fragments; in IPv6 the same number. */
export const IP_PMTUDISC_DONT = 0;

/** The control message `struct in_pktinfo`: index of a device, then two addresses. */
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_RECVERR = 11;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
/** The control message that IPV6_RECVPKTINFO causes: `struct in6_pktinfo`, address first. */
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
/** The control message that IPV6_RECVHOPLIMIT causes: an `int`. */
export const IPV6_HOPLIMIT = 52;
/** Sends up to the device's MTU, whatever ICMP claims of the path's; in IPv6 the same number. */
export const IP_PMTUDISC_PROBE = 3;
/** Never learns a path's MTU from ICMP; in IPv6 the same number. */
export const IP_PMTUDISC_INTERFACE = 4;

export const EAGAIN = 11;

/**
 * The control message that IP_RECVERR and IPV6_RECVERR cause: `struct sock_extended_err`, behind it
 * the socket address of who sent the ICMP error.
 */
export const EXTENDED_ERR = {
  bytes: 16,
  origin: 4,
  type: 5,
  code: 6,
  value: 8,
  data: 12,
} as const;
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
/** A send time: `data` counts the socket's packets from 0. */
export const SO_EE_ORIGIN_TIMESTAMPING = 4;
/** Flag of recvmsg: from the queue of errors. */
export const MSG_ERRQUEUE = 0x2000;

export const CLOCK_REALTIME = 0;
export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;

export const RTLD_NOW = 2;
export const RTLD_NOLOAD = 4;
export const RTLD_NODELETE = 0x1000;

export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 0x01;
export const MAP_FIXED = 0x10;
export const MAP_PRIVATE_ANONYMOUS = 0x22;

/** `struct mmsghdr`: byte offsets of its fields. Of 64-bit lengths only the low half is used. */
export const MMSGHDR = {
  bytes: 64,
  name: 0,
  nameLength: 8,
  vectors: 16,
  vectorCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;

/** `struct iovec`. */
export const IOVEC = { bytes: 16, base: 0, length: 8 } as const;

/** `struct cmsghdr`; a message's data follows it, and the next header starts at a multiple of 8. */
export const CMSGHDR = { bytes: 16, level: 8, type: 12 } as const;

/** `struct sockaddr_in`, `struct sockaddr_in6`: their lengths, and where the address is. */
export const SOCKADDR_IN = { bytes: 16, address: 4 } as const;
export const SOCKADDR_IN6 = { bytes: 28, address: 8, scope: 24 } as const;

/** Flag in `msghdr.flags`: the packet was longer than its slot. */
export const MSG_TRUNC = 0x20;
