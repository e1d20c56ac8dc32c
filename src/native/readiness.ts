/**
 * Tells the event loop that descriptors have become readable. They hang on one epoll descriptor,
 * which is what libuv watches: it would drop a socket for good at the first POLLERR.
 */

import { checked, libc, type PollHandle } from './libc.ts';
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLLIN } from './linux-abi.ts';
import { SystemCallError } from './system-error.ts';

/** A watch, until closed. It keeps the process alive. */
export class Readiness {
  readonly #epollFd: number;
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
      // struct epoll_event has 12 bytes on x64 and 16 on arm64; the events are first on both.
      const event = Uint32Array.of(EPOLLIN, 0, 0, 0);
      for (const fd of fds)
        checked('epoll_ctl', libc().epoll_ctl(this.#epollFd, EPOLL_CTL_ADD, fd, event));
      // The field also keeps the handle: collected, it would close without a word.
      this.#handle = libc().poll(this.#epollFd, (status) => this.#handlePoll(status, onReadable));
    } catch (error) {
      libc().close(this.#epollFd);
      throw error;
    }
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
