/**
 * The C library's calls that raw sockets need, and the one place that knows koffi. koffi is loaded
 * by the first call of `libc()`, so that programs that never open a socket do not wait for it
 * (as CommonJS, which measured 6.5 ms; `import()` took 9).
 */

import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import type * as Koffi from 'koffi';
import { RTLD_NODELETE, RTLD_NOLOAD, RTLD_NOW } from './linux-abi.ts';
import { SystemCallError, UnsupportedPlatformError } from './system-error.ts';

/** Foreign memory by address, or a view, which is kept alive for the call and no longer. */
export type Pointer = bigint | ArrayBufferView | null;

/** Watches one descriptor. Unreferenced, it is collected and then silently watches no more. */
export interface PollHandle {
  stop(): void;
  close(): void;
}

/** Calls return what libc returns: −1 for failure, then `errno()`. Lengths are bytes. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Pointer, length: number): number;
  connect(fd: number, address: Pointer, length: number): number;
  getsockname(fd: number, address: Pointer, length: Pointer): number;
  setsockopt(fd: number, level: number, name: number, value: Pointer, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Pointer, length: Pointer): number;
  sendmmsg(fd: number, messages: Pointer, count: number, flags: number): number;
  sendto(
    fd: number,
    bytes: Pointer,
    length: number,
    flags: number,
    address: Pointer,
    addressLength: number,
  ): number;
  send(fd: number, bytes: Pointer, length: number, flags: number): number;
  recv(fd: number, bytes: Pointer, length: number, flags: number): number;
  recvmmsg(fd: number, messages: Pointer, count: number, flags: number, timeout: null): number;
  close(fd: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epollFd: number, operation: number, fd: number, event: Pointer): number;
  epoll_wait(epollFd: number, events: Pointer, count: number, timeoutMs: number): number;
  clock_gettime(clock: number, timespec: Pointer): number;

  /** Memory, anonymous or of a descriptor. @returns its address, or one of all ones for failure */
  mmap(
    hint: bigint | null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): bigint;

  munmap(address: bigint, length: number): number;

  /** The error of the last call; another call may overwrite it. */
  errno(): number;

  /** Foreign memory as an ArrayBuffer. Not to be called twice for one address. */
  view(address: bigint, length: number): ArrayBuffer;

  /**
   * Calls back on every turn of the event loop in which `fd` is readable; `status` below 0 is a
   * negated errno, and ends the watch. An exception in `callback` would be swallowed.
   */
  poll(fd: number, callback: (status: number) => void): PollHandle;
}

/** In koffi's C, which has no name for ssize_t. Structs are laid out by their users, as bytes. */
const DECLARATIONS = [
  'int socket(int, int, int)',
  'int bind(int, void *, unsigned int)',
  'int connect(int, void *, unsigned int)',
  'int getsockname(int, void *, void *)',
  'int setsockopt(int, int, int, void *, unsigned int)',
  'int getsockopt(int, int, int, void *, void *)',
  'int sendmmsg(int, void *, unsigned int, int)',
  'intptr_t sendto(int, void *, size_t, int, void *, unsigned int)',
  'intptr_t send(int, void *, size_t, int)',
  'intptr_t recv(int, void *, size_t, int)',
  'int recvmmsg(int, void *, unsigned int, int, void *)',
  'int close(int)',
  'int epoll_create1(int)',
  'int epoll_ctl(int, int, int, void *)',
  'int epoll_wait(int, void *, int, int)',
  'int clock_gettime(int, void *)',
  'void *mmap(void *, size_t, int, int, int, long)',
  'int munmap(void *, size_t)',
];

let bound: Libc | undefined;

/**
 * The bindings, loaded once per thread.
 *
 * @throws {UnsupportedPlatformError} elsewhere than on Linux x64 or arm64, whose struct layouts
 *   this folder has built in
 */
export function libc(): Libc {
  bound ??= bindLibc();
  return bound;
}

/**
 * Passes the result of a call on.
 *
 * @throws {SystemCallError} when it is −1; must therefore follow the call at once
 */
export function checked(syscall: string, result: number): number {
  if (result === -1) throw new SystemCallError(syscall, libc().errno());
  return result;
}

function bindLibc(): Libc {
  requirePlatform(process.platform, process.arch);
  const require = createRequire(import.meta.url);
  const koffi = loadKoffi(require);
  const library = koffi.load(null);
  if (!isMainThread) keepMapped(library, require);
  const functions = DECLARATIONS.map((declaration) => library.func(declaration));
  return {
    ...Object.fromEntries(functions.map((call) => [call.info.name, call])),
    errno: () => koffi.errno(),
    view: (address: bigint, length: number) => koffi.view(address, length),
    poll: (fd: number, callback: (status: number) => void) =>
      // koffi's types say that the callback takes the events alone; it takes a status before them.
      koffi.node.poll(fd, { readable: true }, callback as unknown as () => void),
  } as unknown as Libc;
}

/**
 * A thread that ends unloads what it alone has loaded. A watch of koffi's that was closed just then
 * is freed by the event loop only after that, by code that would be gone: a crash, or a process
 * that never ends.
 */
function keepMapped(library: ReturnType<typeof Koffi.load>, require: NodeJS.Require): void {
  const dlopen = library.func('void *dlopen(const char *, int)');
  const binaries = Object.keys(require.cache).filter((file) => file.endsWith('koffi.node'));
  for (const file of binaries) dlopen(file, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

function loadKoffi(require: NodeJS.Require): typeof Koffi {
  try {
    return require('koffi') as typeof Koffi;
  } catch (cause) {
    throw new UnsupportedPlatformError(
      'koffi, which calls the C library, did not load: reinstall without --omit=optional',
      { cause },
    );
  }
}

/** @throws {UnsupportedPlatformError} where the struct layouts of `linux-abi.ts` do not hold */
export function requirePlatform(platform: string, arch: string): void {
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return;
  throw new UnsupportedPlatformError(
    `raw sockets need Linux on x64 or arm64, this is ${platform} on ${arch}; ` +
      'simulated networks (--simulate) run everywhere',
  );
}
