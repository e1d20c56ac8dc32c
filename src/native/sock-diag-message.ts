/**
 * TCP sockets as the kernel tells of them by netlink (Linux `include/uapi/linux/inet_diag.h`):
 * requests for all of them, and the message for each, in a dump or when one is destroyed.
 */

import { AF_INET, AF_INET6, IPPROTO_TCP } from './linux-abi.ts';
import {
  decodeNetlinkAttributes,
  encodeNetlinkRequest,
  type NetlinkMessage,
  NLM_F_REQUEST,
} from './netlink-message.ts';

/** Type of requests and of the messages that answer them. */
const SOCK_DIAG_BY_FAMILY = 20;
/** The flags NLM_F_ROOT and NLM_F_MATCH together. */
const NLM_F_DUMP = 0x300;

/** `struct inet_diag_req_v2`. */
const REQUEST_BYTES = 56;
/** `struct inet_diag_msg`: byte offsets of its fields, ports and addresses in network order. */
const MESSAGE = {
  bytes: 72,
  family: 0,
  state: 1,
  localPort: 4,
  remotePort: 6,
  local: 8,
  remote: 24,
  cookie: 44,
} as const;
const INET_DIAG_INFO = 2;
/** `struct tcp_info`: where `tcpi_total_retrans` is. */
const TOTAL_RETRANSMITS = 100;

const TCP_STATES_ALL = 0xfff;
const TCP_SYN_RECV = 3;
const TCP_TIME_WAIT = 6;
const TCP_CLOSE = 7;
const TCP_LISTEN = 10;
/** Everything that is a connection: no listeners, and nothing that is over or has not begun. */
const CONNECTION_STATES = [TCP_SYN_RECV, TCP_TIME_WAIT, TCP_CLOSE, TCP_LISTEN].reduce(
  (states, state) => states & ~(1 << state),
  TCP_STATES_ALL,
);

/** One TCP socket, from its own point of view. */
export interface DiagnosedSocket {
  /** 4 or 16 bytes, network order; a copy. IPv4-mapped ones are left as they are. */
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
  /** All 64 bits, unsigned. */
  readonly cookie: bigint;
  /** Since the connection began; undefined where the kernel did not tell. */
  readonly retransmits: number | undefined;
}

/** Asks for every TCP connection of a family; that of IPv6 has the IPv4-mapped ones as well. */
export function encodeDumpRequest(family: 4 | 6, sequence: number): Uint8Array {
  const body = new Uint8Array(REQUEST_BYTES);
  body[0] = family === 4 ? AF_INET : AF_INET6;
  body[1] = IPPROTO_TCP;
  body[2] = 1 << (INET_DIAG_INFO - 1);
  new DataView(body.buffer).setUint32(4, CONNECTION_STATES, true);
  const flags = NLM_F_REQUEST | NLM_F_DUMP;
  return encodeNetlinkRequest({ type: SOCK_DIAG_BY_FAMILY, flags, sequence, body, attributes: [] });
}

/** undefined for a message of another kind, and for one that is cut short. */
export function decodeDiagnosedSocket({
  type,
  payload,
}: NetlinkMessage): DiagnosedSocket | undefined {
  if (type !== SOCK_DIAG_BY_FAMILY || payload.length < MESSAGE.bytes) return undefined;
  const family = payload[MESSAGE.family];
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const addressBytes = family === AF_INET ? 4 : 16;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const tcpInfo = decodeNetlinkAttributes(payload.subarray(MESSAGE.bytes)).get(INET_DIAG_INFO);
  return {
    local: payload.slice(MESSAGE.local, MESSAGE.local + addressBytes),
    localPort: view.getUint16(MESSAGE.localPort),
    remote: payload.slice(MESSAGE.remote, MESSAGE.remote + addressBytes),
    remotePort: view.getUint16(MESSAGE.remotePort),
    cookie: view.getBigUint64(MESSAGE.cookie, true),
    retransmits: retransmitsOf(tcpInfo),
  };
}

function retransmitsOf(tcpInfo: Uint8Array | undefined): number | undefined {
  if (tcpInfo === undefined || tcpInfo.length < TOTAL_RETRANSMITS + 4) return undefined;
  const view = new DataView(tcpInfo.buffer, tcpInfo.byteOffset, tcpInfo.byteLength);
  return view.getUint32(TOTAL_RETRANSMITS, true);
}
