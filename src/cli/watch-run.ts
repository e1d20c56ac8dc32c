/** Runs a watcher until it is told to stop: opening, signals, settings anew, and the end. */

import { type Logger, pino } from 'pino';
import { HOST_TCP } from '../runtime/kernel-tcp.ts';
import { ownAddresses } from '../runtime/own-addresses.ts';
import { openServiceNotifier, type ServiceNotifier } from '../runtime/service-notify.ts';
import { VERSION } from '../runtime/version.ts';
import { ancestorFile } from '../watch/ancestor-file.ts';
import type { ConnectionSource } from '../watch/connection-source.ts';
import { EventSocketSource } from '../watch/event-socket-source.ts';
import { NetlinkSource, PollingSource } from '../watch/kernel-sources.ts';
import { type MonitoringServer, serveMonitoring } from '../watch/monitoring-server.ts';
import { ownAddressTest } from '../watch/own-addresses.ts';
import { refinedResult } from '../watch/refined-result.ts';
import { ResultFolder } from '../watch/result-folder.ts';
import { uuidOf } from '../watch/uuid.ts';
import { findUuidPrefix } from '../watch/uuid-prefix.ts';
import { HOST_CLOCK } from '../watch/watch-clock.ts';
import { WatchService, type WatchServiceOptions } from '../watch/watch-service.ts';
import { CliError } from './cli-error.ts';
import { TUNABLE, tuningOf, uuidPrefix, type WatchFlags } from './watch-flags.ts';
import { openTracers } from './watch-tracers.ts';

/** Files as those of traceroute-caller since v0.11. */
const FILES = {
  version: VERSION,
  format: 'jsonl',
  sharedTime: 'trace',
  nowMs: () => HOST_CLOCK.nowMs(),
} as const;

/**
 * Watches until SIGTERM or SIGINT.
 *
 * @param reread the flags with settings as they are by then
 * @returns how many results were lost at the end
 * @throws {CliError} where it cannot watch at all
 */
export async function runWatch(
  flags: WatchFlags,
  reread: () => Promise<WatchFlags>,
): Promise<number> {
  const log = pino({ level: flags.logLevel, base: {} }, pino.destination({ dest: 2, sync: true }));
  let daemonRuns = (_: boolean): void => {};
  const tracers = await openTracers(flags, (isRunning, reason) => {
    if (!isRunning) log.warn({ reason }, "scamper's daemon has ended");
    daemonRuns(isRunning);
  });
  const service = serviceFor(flags, tracers, log);
  daemonRuns = (isRunning) => service.metrics.daemonRunning.set(Number(isRunning));
  daemonRuns(flags.tracer.includes('scamper-daemon'));
  const monitoring = await listen(flags, service);
  const notifier = await openServiceNotifier(process.env, {
    onFailure: (error) => log.warn({ err: error }, 'systemd does not listen'),
  });
  const stopped = stopSignal();
  try {
    service.start();
    const stopRereading = onHangup(() => tuneAnew(service, { flags, reread, log, notifier }));
    log.info({ version: VERSION, port: monitoring?.port, output: flags.output }, 'watching');
    notifier.ready();
    const signal = await stopped;
    log.info({ signal, drainMs: flags.drain / 1000 }, 'stopping');
    notifier.stopping();
    stopRereading();
    return await service.stop();
  } finally {
    notifier.close();
    await monitoring?.close();
  }
}

function serviceFor(
  flags: WatchFlags,
  tracers: WatchServiceOptions['tracers'],
  log: Logger,
): WatchService {
  const prefix = prefixFor(flags);
  const isOwn = ownAddressTest(ownAddresses, flags.own, HOST_CLOCK);
  return new WatchService({
    sources: [sourceFor(flags)],
    tracers,
    disk: folderFor(flags),
    tuning: tuningOf(flags),
    drainMs: flags.drain / 1000,
    clock: HOST_CLOCK,
    log,
    uuidOf: ({ uuid, cookie }) => uuid ?? uuidOf(prefix, cookie),
    isOwn,
    fileOf: (result, request) => ancestorFile(result, request, FILES),
    refine: async (result) => refinedResult(result, { keys: 'all', isAnonymised: false, isOwn }),
    withProcessMetrics: true,
  });
}

function folderFor({ output, fileMode }: WatchFlags): ResultFolder {
  try {
    return new ResultFolder(output, fileMode);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `--output: ${output} cannot be written: ${reason}`;
    throw new CliError('OUTPUT_UNWRITABLE', message, 'name another folder, or make it writable');
  }
}

function sourceFor({ source, eventsocket, interval }: WatchFlags): ConnectionSource {
  const clock = HOST_CLOCK;
  if (source === 'eventsocket') {
    if (eventsocket === undefined) {
      const hint = "name tcp-info's socket with --eventsocket";
      throw new CliError('USAGE', '--source eventsocket: there is no socket to read', hint);
    }
    return new EventSocketSource({ path: eventsocket, clock });
  }
  if (eventsocket !== undefined) {
    throw new CliError('USAGE', `--eventsocket: --source ${source} does not read it`);
  }
  const options = { kernel: HOST_TCP, clock, intervalMs: interval / 1000 };
  return source === 'poll' ? new PollingSource(options) : new NetlinkSource(options);
}

/** @throws {CliError} for a file that cannot be read, or holds no prefix */
function prefixFor({ uuidPrefix: given, uuidPrefixFile: file }: WatchFlags): string {
  if (given !== undefined) return given;
  try {
    const name = process.env['POD_NAME'];
    return uuidPrefix(findUuidPrefix({ file, name, nowMs: HOST_CLOCK.nowMs() }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = file === undefined ? 'the UUID prefix' : `--uuid-prefix-file: ${file}`;
    throw new CliError('UUID_PREFIX_UNREADABLE', `${what}: ${reason}`);
  }
}

async function listen(
  { listen: address }: WatchFlags,
  service: WatchService,
): Promise<MonitoringServer | undefined> {
  if (address === undefined) return undefined;
  try {
    const { registry } = service.metrics;
    return await serveMonitoring({ ...address, registry, health: () => service.health() });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('LISTEN_FAILED', `--listen: ${reason}`, 'name another port');
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

/** @returns how to stop heeding it: what hangs up later is ignored */
function onHangup(call: () => Promise<void>): () => void {
  let isHeeded = true;
  process.on('SIGHUP', () => {
    if (isHeeded) void call();
  });
  return () => {
    isHeeded = false;
  };
}

/** Never rejects: a bad settings file leaves all as it is. */
async function tuneAnew(
  service: WatchService,
  {
    flags,
    reread,
    log,
    notifier,
  }: {
    readonly flags: WatchFlags;
    readonly reread: () => Promise<WatchFlags>;
    readonly log: Logger;
    readonly notifier: ServiceNotifier;
  },
): Promise<void> {
  notifier.reloading();
  try {
    const anew = await reread();
    service.tune(tuningOf(anew));
    const fixed = changedSettings(flags, anew).filter((name) => !TUNABLE.has(name));
    if (fixed.length > 0) log.warn({ settings: fixed }, 'these settings need a restart');
    log.info({}, 'settings are read anew');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ reason }, 'settings stay as they were: the new ones are refused');
  }
  notifier.ready();
}

function changedSettings(before: WatchFlags, after: WatchFlags): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof WatchFlags>;
  return [...names].filter((name) => textOf(before[name]) !== textOf(after[name]));
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
