/**
 * The sockets by which the kernel tells of TCP connections, without any right: one for dumps, and
 * one that hears of every socket that is destroyed (Linux `net/core/sock_diag.c`).
 */

import { checked, libc } from './libc.ts';
import {
  AF_NETLINK,
  EAGAIN,
  NETLINK_SOCK_DIAG,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from './linux-abi.ts';
import { decodeNetlinkMessages, NLMSG_DONE, NLMSG_ERROR, netlinkErrno } from './netlink-message.ts';
import { Readiness } from './readiness.ts';
import {
  type DiagnosedSocket,
  decodeDiagnosedSocket,
  encodeDumpRequest,
} from './sock-diag-message.ts';
import { enlargeReceiveBuffer } from './socket.ts';
import { SystemCallError } from './system-error.ts';

/** SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY as bits. */
const DESTROY_GROUPS = (1 << 0) | (1 << 2);
/** `struct sockaddr_nl`: family, padding, port, groups. */
const SOCKADDR_NL_BYTES = 12;
/** The kernel fills a datagram of a dump to 32 KiB at most. */
const DATAGRAM_BYTES = 65_536;
/** About 20 000 events: what a very busy server closes in a stall of the event loop. */
const EVENTS_BUFFER_BYTES = 16 * 2 ** 20;
const ENOBUFS = 105;

/**
 * All TCP connections of this network namespace at the moment. Takes about a millisecond, and
 * blocks for it.
 *
 * @throws {SystemCallError}
 */
export function dumpTcpSockets(): DiagnosedSocket[] {
  const fd = checked(
    'socket',
    libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG),
  );
  try {
    return ([4, 6] as const).flatMap((family) => dumpFamily(fd, family));
  } finally {
    libc().close(fd);
  }
}

function dumpFamily(fd: number, family: 4 | 6): DiagnosedSocket[] {
  const request = encodeDumpRequest(family, family);
  checked('send', libc().send(fd, request, request.length, 0));
  const buffer = new Uint8Array(DATAGRAM_BYTES);
  const sockets: DiagnosedSocket[] = [];
  for (;;) {
    const length = checked('recv', libc().recv(fd, buffer, buffer.length, 0));
    for (const message of decodeNetlinkMessages(buffer.subarray(0, length))) {
      if (message.type === NLMSG_DONE) return sockets;
      if (message.type === NLMSG_ERROR)
        throw new SystemCallError('SOCK_DIAG_BY_FAMILY', netlinkErrno(message));
      const socket = decodeDiagnosedSocket(message);
      if (socket !== undefined) sockets.push(socket);
    }
  }
}

/** What is told of destroyed sockets. */
export interface DestroyedSocketsListener {
  destroyed(socket: DiagnosedSocket): void;
  /** The kernel had no room for some events: only a dump tells what is gone. */
  overflowed(): void;
}

/** Hears of every TCP socket that is destroyed, until closed. It keeps the process alive. */
export class DestroyedSockets {
  readonly #fd: number;
  readonly #readiness: Readiness;
  readonly #buffer = new Uint8Array(DATAGRAM_BYTES);
  readonly #listener: DestroyedSocketsListener;

  /** @throws {SystemCallError} */
  constructor(listener: DestroyedSocketsListener) {
    this.#listener = listener;
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#fd = checked('socket', libc().socket(AF_NETLINK, type, NETLINK_SOCK_DIAG));
    try {
      enlargeReceiveBuffer(this.#fd, EVENTS_BUFFER_BYTES);
      const address = new Uint8Array(SOCKADDR_NL_BYTES);
      const view = new DataView(address.buffer);
      view.setUint16(0, AF_NETLINK, true);
      view.setUint32(8, DESTROY_GROUPS, true);
      checked('bind', libc().bind(this.#fd, address, address.length));
      this.#readiness = new Readiness([this.#fd], () => this.#receive());
    } catch (error) {
      libc().close(this.#fd);
      throw error;
    }
  }

  close(): void {
    this.#readiness.close();
    checked('close', libc().close(this.#fd));
  }

  #receive(): void {
    for (;;) {
      const length = libc().recv(this.#fd, this.#buffer, this.#buffer.length, 0);
      if (length === -1) {
        const errno = libc().errno();
        if (errno === EAGAIN) return;
        if (errno !== ENOBUFS) throw new SystemCallError('recv', errno);
        this.#listener.overflowed();
        continue;
      }
      for (const message of decodeNetlinkMessages(this.#buffer.subarray(0, length))) {
        const socket = decodeDiagnosedSocket(message);
        if (socket !== undefined) this.#listener.destroyed(socket);
      }
    }
  }
}
