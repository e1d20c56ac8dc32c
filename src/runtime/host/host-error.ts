/** What our own host refused, said so that the reader knows what to do about it. */

/**
 * - `RAW_SOCKET_DENIED`: no right to open raw sockets
 * - `PING_SOCKET_DENIED`: no right to send ICMP echoes, by whatever socket
 * - `NO_ROUTE`: the kernel does not know where to send packets for the destination
 * - `SOURCES_DIFFER`: it would reach several targets from different addresses of its own
 * - `PORTS_UNAVAILABLE`: not enough source ports can be had
 * - `SEND_REFUSED`: the kernel refuses every packet
 * - `MARK_DENIED`: no right to mark packets
 * - `AS_DATABASE_UNREADABLE`: the database of autonomous systems is none, or cannot be read
 * - `NO_PROGRAM`: a program of others that is to trace is not there
 * - `WRONG_PROGRAM`: it is, but is not what it should be
 * - `TARGET_NOT_A_HOST`: the target is no address of one host
 * - `SOURCE_NOT_LOCAL`: the source is no address of this host
 * - `USAGE`: what was asked for does not go together
 * - `SOCKET_TAKEN`: something is where a program is to make its socket
 */
export type HostErrorCode =
  | 'RAW_SOCKET_DENIED'
  | 'PING_SOCKET_DENIED'
  | 'NO_ROUTE'
  | 'SOURCES_DIFFER'
  | 'PORTS_UNAVAILABLE'
  | 'SEND_REFUSED'
  | 'MARK_DENIED'
  | 'AS_DATABASE_UNREADABLE'
  | 'NO_PROGRAM'
  | 'WRONG_PROGRAM'
  | 'TARGET_NOT_A_HOST'
  | 'SOURCE_NOT_LOCAL'
  | 'USAGE'
  | 'SOCKET_TAKEN';

/** A refusal, with the failed call as its cause where there was one. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  /** The call that failed, where one did. */
  readonly syscall: string | undefined;

  constructor(code: HostErrorCode, message: string, cause?: { readonly syscall: string }) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.syscall = cause?.syscall;
  }
}
