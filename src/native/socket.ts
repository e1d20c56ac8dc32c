/** Descriptors of sockets: opening, options and filters, with a failed call as an exception. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { BpfProgram } from './bpf.ts';
import { checked, libc } from './libc.ts';
import {
  AF_INET,
  AF_INET6,
  SO_ATTACH_FILTER,
  SO_BINDTODEVICE,
  SO_MARK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from './linux-abi.ts';
import { giveBack, takeMemory } from './memory.ts';

/**
 * Opens a non-blocking socket, runs `setUp` on it, and closes it again when that throws.
 *
 * @throws {SystemCallError}
 */
export function openSocket(
  { family, type, protocol }: { family: IpFamily; type: number; protocol: number },
  setUp: (fd: number) => void,
): number {
  const domain = family === 4 ? AF_INET : AF_INET6;
  const flags = type | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = checked('socket', libc().socket(domain, flags, protocol));
  try {
    setUp(fd);
  } catch (error) {
    libc().close(fd);
    throw error;
  }
  return fd;
}

/** @throws {SystemCallError} naming the option, for example `setsockopt SO_TIMESTAMPNS` */
export function setOption(
  fd: number,
  option: { level: number; name: number; label: string },
  value: number | Uint8Array | Uint32Array,
): void {
  const bytes = typeof value === 'number' ? Int32Array.of(value) : value;
  const result = libc().setsockopt(fd, option.level, option.name, bytes, bytes.byteLength);
  checked(`setsockopt ${option.label}`, result);
}

/** Reads an option that is an array of `length` 32-bit words. */
export function readOption(
  fd: number,
  option: { level: number; name: number; label: string },
  length: number,
): Uint32Array {
  const words = new Uint32Array(length);
  const result = libc().getsockopt(
    fd,
    option.level,
    option.name,
    words,
    Uint32Array.of(words.byteLength),
  );
  checked(`getsockopt ${option.label}`, result);
  return words;
}

/** Sends by this device (`eth0`, or a VRF), whatever the routes say. */
export function bindToDevice(fd: number, device: string): void {
  const name = new TextEncoder().encode(device);
  const option = { level: SOL_SOCKET, name: SO_BINDTODEVICE, label: `SO_BINDTODEVICE ${device}` };
  setOption(fd, option, name);
}

/** Sets the mark of all packets: routes and firewall rules of this host may depend on it. */
export function setMark(fd: number, mark: number): void {
  setOption(fd, { level: SOL_SOCKET, name: SO_MARK, label: 'SO_MARK' }, Uint32Array.of(mark));
}

/** Asks for a receive buffer; without CAP_NET_ADMIN the kernel caps it at net.core.rmem_max. */
export function enlargeReceiveBuffer(fd: number, lengthBytes: number): void {
  try {
    const force = { level: SOL_SOCKET, name: SO_RCVBUFFORCE, label: 'SO_RCVBUFFORCE' };
    setOption(fd, force, lengthBytes);
  } catch {
    setOption(fd, { level: SOL_SOCKET, name: SO_RCVBUF, label: 'SO_RCVBUF' }, lengthBytes);
  }
}

/** Replaces the socket's filter; the kernel keeps a copy of the program. */
export function attachFilter(fd: number, program: BpfProgram): void {
  const fprogBytes = 16; // struct sock_fprog: u16 length, then at 8 the address
  const block = takeMemory(fprogBytes + program.bytes.length);
  const view = new DataView(block.buffer);
  view.setUint16(0, program.length, true);
  view.setBigUint64(8, block.address + BigInt(fprogBytes), true);
  new Uint8Array(block.buffer).set(program.bytes, fprogBytes);
  const fprog = block.address;
  const result = libc().setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, fprogBytes);
  checked('setsockopt SO_ATTACH_FILTER', result);
  giveBack(block);
}
