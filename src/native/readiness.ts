/**
 * Tells the event loop that descriptors have become readable. They hang on one epoll descriptor,
 * which is what libuv watches: it would drop a socket for good at the first POLLERR.
 */

import { checked, libc, type PollHandle } from './libc.ts';
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLLIN } from './linux-abi.ts';
import { SystemCallError } from './system-error.ts';

/**
 * `struct epoll_event` in words of 32 bits: 12 bytes on x64 and 16 on arm64. The events are first
 * on both, and the user's data last.
 */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = EVENT_WORDS - 2;
/** Descriptors that are asked for at a time. */
const READY_MAX = 64;

/** A watch, until closed. It keeps the process alive. */
export class Readiness {
  readonly #epollFd: number;
  readonly #ready = new Uint32Array(READY_MAX * EVENT_WORDS);
  readonly #handle: PollHandle;
  #isOpen = true;

  /**
   * @param onReadable called on every turn of the event loop while any of `fds` is readable; when
   *   it throws, the watch ends and the exception becomes an uncaught one
   * @throws {SystemCallError}
   */
  constructor(fds: readonly number[], onReadable: () => void) {
    this.#epollFd = checked('epoll_create1', libc().epoll_create1(EPOLL_CLOEXEC));
    try {
      for (const fd of fds) this.add(fd);
      // The field also keeps the handle: collected, it would close without a word.
      this.#handle = libc().poll(this.#epollFd, (status) => this.#handlePoll(status, onReadable));
    } catch (error) {
      libc().close(this.#epollFd);
      throw error;
    }
  }

  /** Watches one more. @throws {SystemCallError} */
  add(fd: number): void {
    const event = new Uint32Array(EVENT_WORDS);
    event[0] = EPOLLIN;
    event[DATA_WORD] = fd;
    checked('epoll_ctl', libc().epoll_ctl(this.#epollFd, EPOLL_CTL_ADD, fd, event));
  }

  /** Those that are readable or have an error now; of very many only some, and others next time. */
  ready(): number[] {
    if (!this.#isOpen) return [];
    const count = libc().epoll_wait(this.#epollFd, this.#ready, READY_MAX, 0);
    return Array.from(
      { length: Math.max(0, count) }, // interrupted by a signal: none yet
      (_, i) => this.#ready[i * EVENT_WORDS + DATA_WORD] ?? -1,
    );
  }

  /** Must come before the watched descriptors are closed. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handle.close();
    checked('close', libc().close(this.#epollFd));
  }

  /** koffi swallows exceptions, and the level-triggered watch would then spin: hence the detour. */
  #handlePoll(status: number, onReadable: () => void): void {
    try {
      if (status < 0) throw new SystemCallError('poll', -status);
      onReadable();
    } catch (error) {
      if (this.#isOpen) this.#handle.stop();
      setImmediate(() => {
        throw error;
      });
    }
  }
}
