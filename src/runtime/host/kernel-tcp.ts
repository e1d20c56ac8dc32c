/** TCP connections as the kernel tells of them: all of them now, and each one as it ends. */

import type { DiagnosedSocket } from '../../native/sock-diag-message.ts';
import {
  DestroyedSockets,
  type DestroyedSocketsListener,
  dumpTcpSockets,
} from '../../native/sock-diag-socket.ts';

export type { DestroyedSocketsListener, DiagnosedSocket };

/** What the watcher asks of the kernel. */
export interface KernelTcp {
  /** All connections of this network namespace; blocks for about a millisecond. */
  dump(): DiagnosedSocket[];
  /** Hears of ends until closed. */
  listen(listener: DestroyedSocketsListener): { close(): void };
}

/** That of this host. Needs no right. */
export const HOST_TCP: KernelTcp = {
  dump: dumpTcpSockets,
  listen: (listener) => new DestroyedSockets(listener),
};
