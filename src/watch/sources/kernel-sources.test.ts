import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import type {
  DestroyedSocketsListener,
  DiagnosedSocket,
  KernelTcp,
} from '../../runtime/host/kernel-tcp.ts';
import { parseUnmapped } from '../connection.ts';
import type { ConnectionSource } from '../connection-source.ts';
import { NetlinkSource, PollingSource } from './kernel-sources.ts';

const INTERVAL_MS = 1000;

/** A host whose connections tests open and close. */
class FakeKernel implements KernelTcp {
  readonly sockets = new Map<bigint, DiagnosedSocket>();
  listener: DestroyedSocketsListener | undefined;
  isBroken = false;
  isClosed = false;

  dump(): DiagnosedSocket[] {
    if (this.isBroken) throw new Error('dump: EBUSY');
    return [...this.sockets.values()];
  }

  listen(listener: DestroyedSocketsListener): { close(): void } {
    this.listener = listener;
    return {
      close: () => {
        this.isClosed = true;
      },
    };
  }

  opens(cookie: bigint, remote = '::ffff:192.0.2.1', retransmits = 0): void {
    this.sockets.set(cookie, {
      local: addressOf('::ffff:10.0.0.1'),
      localPort: 443,
      remote: addressOf(remote),
      remotePort: 50_000,
      cookie,
      retransmits,
    });
  }

  /** With or without an event for it. */
  closes(cookie: bigint, { isTold = true } = {}): void {
    const socket = this.sockets.get(cookie);
    this.sockets.delete(cookie);
    if (isTold && socket !== undefined) this.listener?.destroyed(socket);
  }
}

function addressOf(text: string): Uint8Array {
  return parseUnmapped(text) ?? new Uint8Array();
}

function watching(make: (kernel: FakeKernel, clock: VirtualClock) => ConnectionSource) {
  const kernel = new FakeKernel();
  const clock = new VirtualClock();
  const source = make(kernel, clock);
  const ended: string[] = [];
  const troubles: string[] = [];
  const start = (): void =>
    source.start({
      ended: ({ cookie, remoteAddress, hasRetransmitted }) =>
        ended.push(`${cookie} ${remoteAddress}${hasRetransmitted ? ' retransmitted' : ''}`),
      trouble: (kind) => troubles.push(kind),
    });
  return { kernel, clock, source, ended, troubles, start };
}

describe('NetlinkSource', () => {
  const make = (kernel: FakeKernel, clock: VirtualClock): ConnectionSource =>
    new NetlinkSource({ kernel, clock, intervalMs: INTERVAL_MS });

  it('tells each end once, whether by event or by dump', async () => {
    const { kernel, clock, ended, start } = watching(make);
    kernel.opens(1n);
    kernel.opens(2n);
    start();
    kernel.closes(1n);
    kernel.closes(2n, { isTold: false });
    await clock.pass(INTERVAL_MS);
    expect(ended).toEqual(['1 192.0.2.1', '2 192.0.2.1']);
    await clock.pass(5 * INTERVAL_MS);
    expect(ended).toHaveLength(2);
  });

  it('hears of connections that no dump has seen', () => {
    const { kernel, ended, start } = watching(make);
    start();
    kernel.opens(2n ** 64n - 1n, '::ffff:192.0.2.7', 3);
    kernel.closes(2n ** 64n - 1n);
    expect(ended).toEqual(['18446744073709551615 192.0.2.7 retransmitted']);
  });

  it('does not tell the event that comes after a dump has told', async () => {
    const { kernel, clock, ended, start } = watching(make);
    kernel.opens(1n);
    start();
    const [socket] = kernel.dump();
    kernel.closes(1n, { isTold: false });
    await clock.pass(INTERVAL_MS);
    if (socket !== undefined) kernel.listener?.destroyed(socket);
    expect(ended).toEqual(['1 192.0.2.1']);
  });

  it('dumps anew when events were dropped', () => {
    const { kernel, ended, troubles, start } = watching(make);
    kernel.opens(1n);
    start();
    kernel.closes(1n, { isTold: false });
    kernel.listener?.overflowed();
    expect(ended).toEqual(['1 192.0.2.1']);
    expect(troubles).toEqual(['overflow']);
  });

  it('survives a dump that fails', async () => {
    const { kernel, clock, ended, troubles, start } = watching(make);
    kernel.opens(1n);
    start();
    kernel.isBroken = true;
    kernel.closes(1n, { isTold: false });
    await clock.pass(INTERVAL_MS);
    expect(ended).toEqual([]);
    kernel.isBroken = false;
    await clock.pass(INTERVAL_MS);
    expect(ended).toEqual(['1 192.0.2.1']);
    expect(troubles).toEqual(['dump-failed']);
  });

  it('leaves listeners alone, and stops when it is closed', async () => {
    const { kernel, clock, source, ended, start } = watching(make);
    start();
    kernel.opens(1n);
    const [socket] = kernel.dump();
    if (socket !== undefined) kernel.listener?.destroyed({ ...socket, remotePort: 0 });
    await clock.pass(INTERVAL_MS);
    source.close();
    kernel.closes(1n, { isTold: false });
    await clock.pass(10 * INTERVAL_MS);
    expect(ended).toEqual([]);
    expect(kernel.isClosed).toBe(true);
  });
});

describe('PollingSource', () => {
  it('tells what is gone from one dump to the next', async () => {
    const { kernel, clock, source, ended, start } = watching(
      (fake, time) => new PollingSource({ kernel: fake, clock: time, intervalMs: INTERVAL_MS }),
    );
    kernel.opens(1n);
    start();
    await clock.pass(INTERVAL_MS);
    kernel.opens(2n, 'fd00::7');
    kernel.closes(1n);
    await clock.pass(INTERVAL_MS);
    kernel.closes(2n);
    kernel.opens(3n); // shorter than the interval: nobody can tell
    kernel.closes(3n);
    await clock.pass(INTERVAL_MS);
    expect(ended).toEqual(['1 192.0.2.1', '2 fd00::7']);
    source.close();
    kernel.opens(4n);
    await clock.pass(INTERVAL_MS);
  });
});
