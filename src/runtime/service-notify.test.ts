import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openServiceNotifier } from './service-notify.ts';

describe('openServiceNotifier', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  async function notifier(env: Readonly<Record<string, string>>) {
    const sent: string[] = [];
    const failures: unknown[] = [];
    const service = await openServiceNotifier(env, {
      send: (text) => sent.push(text),
      onFailure: (error) => failures.push(error),
    });
    return { service, sent, failures };
  }

  it('says what the service does', async () => {
    const { service, sent } = await notifier({});
    service.ready();
    service.reloading();
    service.stopping();
    expect(sent).toEqual([
      'READY=1',
      expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/),
      'STOPPING=1',
    ]);
  });

  it('says twice in each period of the watchdog that it is alive, until closed', async () => {
    const { service, sent } = await notifier({ WATCHDOG_USEC: '10000000' });
    vi.advanceTimersByTime(20_000);
    expect(sent).toEqual(new Array(4).fill('WATCHDOG=1'));
    service.close();
    vi.advanceTimersByTime(20_000);
    expect(sent).toHaveLength(4);
  });

  it.each([
    { WATCHDOG_USEC: '10000000', WATCHDOG_PID: '1' },
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'often' },
  ])('heeds no watchdog that is not for it: %j', async (env) => {
    const { sent } = await notifier(env);
    vi.advanceTimersByTime(60_000);
    expect(sent).toEqual([]);
  });

  it('says nothing without systemd, and tells once that nobody listens', async () => {
    const failures: unknown[] = [];
    const onFailure = (error: unknown): void => {
      failures.push(error);
    };
    const alone = await openServiceNotifier({}, { onFailure });
    alone.ready();
    expect(failures).toEqual([]);
    const send = (): void => {
      throw new Error('ECONNREFUSED');
    };
    const unheard = await openServiceNotifier({}, { send, onFailure });
    unheard.ready();
    unheard.stopping();
    expect(failures).toHaveLength(1);
  });
});
