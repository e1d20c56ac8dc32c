/**
 * Tells systemd how a service is doing (sd_notify(3)): ready, reading its settings anew, stopping,
 * and alive. Without systemd it says nothing.
 */

import { monotonicUs } from './clock.ts';

export interface ServiceNotifier {
  ready(): void;
  reloading(): void;
  stopping(): void;
  /** Says at half the time that systemd allows that the event loop still turns, until closed. */
  close(): void;
}

interface Environment {
  readonly [name: string]: string | undefined;
}

/**
 * @param send how a message goes out; undefined for a datagram to the socket that systemd names
 * @param onFailure hears of the first message that did not go out
 */
export async function openServiceNotifier(
  env: Environment,
  { send, onFailure }: { send?: (text: string) => void; onFailure: (error: unknown) => void },
): Promise<ServiceNotifier> {
  const path = env['NOTIFY_SOCKET'];
  const tell = send ?? (path === undefined ? () => {} : await datagramsTo(path));
  let hasFailed = false;
  const notify = (text: string): void => {
    try {
      tell(text);
    } catch (error) {
      if (!hasFailed) onFailure(error);
      hasFailed = true;
    }
  };
  const watchdogUs = watchdogPeriod(env);
  const timer =
    watchdogUs === undefined
      ? undefined
      : setInterval(() => notify('WATCHDOG=1'), watchdogUs / 2000);
  timer?.unref();
  return {
    ready: () => notify('READY=1'),
    // Type=notify-reload wants the time, so as to know which READY=1 belongs to it.
    reloading: () => notify(`RELOADING=1\nMONOTONIC_USEC=${Math.floor(monotonicUs())}`),
    stopping: () => notify('STOPPING=1'),
    close: () => clearInterval(timer),
  };
}

/** Undefined where no watchdog is set, or it is not for this process. */
function watchdogPeriod(env: Environment): number | undefined {
  const periodUs = Number(env['WATCHDOG_USEC']);
  const pid = env['WATCHDOG_PID'];
  const isForUs = pid === undefined || pid === String(process.pid);
  return isForUs && Number.isInteger(periodUs) && periodUs > 0 ? periodUs : undefined;
}

async function datagramsTo(path: string): Promise<(text: string) => void> {
  const { sendUnixDatagram } = await import('../native/unix-datagram.ts');
  return (text) => sendUnixDatagram(path, text);
}
