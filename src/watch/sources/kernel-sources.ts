/**
 * Connections as the kernel tells of them: each as it ends, with dumps against what is missed
 * (`netlink`); or by dumps alone, which miss what is shorter than their interval (`poll`).
 */

import { reasonOf } from '../../lib/reason.ts';
import type { DiagnosedSocket, KernelTcp } from '../../runtime/host/kernel-tcp.ts';
import { type Connection, connectionOf } from '../connection.ts';
import type { ConnectionSource, SourceListener, SourceName } from '../connection-source.ts';
import { type Alarm, every, type WatchClock } from '../watch-clock.ts';
import { OpenConnections } from './open-connections.ts';

export interface KernelSourceOptions {
  readonly kernel: KernelTcp;
  readonly clock: WatchClock;
  /** Between dumps. */
  readonly intervalMs: number;
}

/** Hears of each connection as it ends. */
export class NetlinkSource implements ConnectionSource {
  readonly name: SourceName = 'netlink';
  readonly isHearing = true;
  readonly #options: KernelSourceOptions;
  readonly #open = new OpenConnections();
  #closers: (() => void)[] = [];

  constructor(options: KernelSourceOptions) {
    this.#options = options;
  }

  start(listener: SourceListener): void {
    const { kernel, clock, intervalMs } = this.#options;
    const redump = (): void => tellDump(kernel, this.#open, listener);
    const ends = kernel.listen({
      destroyed: (socket) => {
        if (socket.remotePort === 0) return; // a listener
        const connection = connectionFrom(socket);
        if (this.#open.ended(connection)) listener.ended(connection);
      },
      overflowed: () => {
        listener.trouble('overflow', 'the kernel had to drop events: connections are dumped anew');
        redump();
      },
    });
    const dumps = every(clock, () => intervalMs, redump);
    this.#closers = [() => dumps.cancel(), () => ends.close()];
    redump();
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }
}

/** Sees which connections are gone from one dump to the next. */
export class PollingSource implements ConnectionSource {
  readonly name: SourceName = 'poll';
  readonly isHearing = true;
  readonly #options: KernelSourceOptions;
  readonly #open = new OpenConnections();
  #dumps: Alarm | undefined;

  constructor(options: KernelSourceOptions) {
    this.#options = options;
  }

  start(listener: SourceListener): void {
    const { kernel, clock, intervalMs } = this.#options;
    const dump = (): void => tellDump(kernel, this.#open, listener);
    dump();
    this.#dumps = every(clock, () => intervalMs, dump);
  }

  close(): void {
    this.#dumps?.cancel();
  }
}

/** A dump that fails once is no reason to end: the next one comes. */
function tellDump(kernel: KernelTcp, open: OpenConnections, listener: SourceListener): void {
  let sockets: DiagnosedSocket[];
  try {
    sockets = kernel.dump();
  } catch (error) {
    const reason = reasonOf(error);
    listener.trouble('dump-failed', `connections could not be dumped: ${reason}`);
    return;
  }
  for (const connection of open.dumped(sockets.map(connectionFrom))) listener.ended(connection);
}

/** As the kernel knows it. */
export function connectionFrom({ retransmits, ...socket }: DiagnosedSocket): Connection {
  return connectionOf({ ...socket, uuid: null, hasRetransmitted: (retransmits ?? 0) > 0 });
}
