/**
 * What the commands that watch connections have in common: a service with all its parts, on this
 * host, from its opening to its end.
 */

import type { Logger } from 'pino';
import { pino } from 'pino';
import type { IpPrefix } from '../../lib/ip-prefix.ts';
import { reasonOf } from '../../lib/reason.ts';
import { ownAddresses } from '../../runtime/host/own-addresses.ts';
import { openServiceNotifier, type ServiceNotifier } from '../../runtime/service-notify.ts';
import { VERSION } from '../../runtime/version.ts';
import type { ConnectionSource } from '../../watch/connection-source.ts';
import { type AncestorFileOptions, ancestorFile } from '../../watch/files/ancestor-file.ts';
import { HopAnnotations, type HopAnnotator } from '../../watch/files/hop-annotations.ts';
import { type ResultKeys, refinedResult } from '../../watch/files/refined-result.ts';
import { type Owner, ResultFolder } from '../../watch/files/result-folder.ts';
import { uuidOf } from '../../watch/files/uuid.ts';
import { type MonitoringServer, serveMonitoring } from '../../watch/monitoring-server.ts';
import { ownAddressTest } from '../../watch/own-addresses.ts';
import { ResultSpool } from '../../watch/result-spool.ts';
import { hopAddresses } from '../../watch/scamper/hop-addresses.ts';
import type { Tracer } from '../../watch/tracer.ts';
import { HOST_CLOCK } from '../../watch/watch-clock.ts';
import { WatchService, type WatchTuning } from '../../watch/watch-service.ts';
import { CliError } from '../cli-error.ts';
import type { ListenAddress } from './listen-address.ts';
import type { DaemonListener } from './watch-tracers.ts';
import { giveUpRoot } from './watch-user.ts';

/** A folder, and by which flag it was named. */
export interface NamedFolder {
  readonly flag: string;
  readonly folder: string;
  readonly fileMode: number;
}

/** All that a watcher is made of. */
export interface WatchSetup {
  readonly source: ConnectionSource;
  /** Opens them; at least one. */
  readonly tracers: (onDaemon: DaemonListener) => Promise<Tracer[]>;
  readonly output: NamedFolder;
  /** Whom to become once all is open; undefined to stay who we are. */
  readonly user: Owner | undefined;
  readonly tuning: WatchTuning;
  readonly drainMs: number;
  /** What names of connections begin with. */
  readonly uuidPrefix: string;
  /** Addresses that are ours beside those of our interfaces. */
  readonly own: readonly IpPrefix[];
  readonly files: Omit<AncestorFileOptions, 'version' | 'nowMs'>;
  readonly keys: ResultKeys;
  readonly isAnonymised: boolean;
  /** undefined where hops are not annotated. */
  readonly hops: (NamedFolder & { readonly annotator: HopAnnotator }) | undefined;
  readonly listen: ListenAddress | undefined;
}

/** A watcher that runs, for those who tune it. */
export interface LivingWatch {
  readonly service: WatchService;
  readonly log: Logger;
  readonly notifier: ServiceNotifier;
}

/** A log on standard error. */
export function openLog(level: string): Logger {
  return pino({ level, base: {} }, pino.destination({ dest: 2, sync: true }));
}

/**
 * Watches until SIGTERM or SIGINT.
 *
 * @param onHangup called on SIGHUP
 * @returns how many results were lost at the end
 * @throws {CliError} where it cannot watch at all
 */
export async function liveUntilStopped(
  setup: WatchSetup,
  log: Logger,
  onHangup: (watch: LivingWatch) => Promise<void>,
): Promise<number> {
  let daemonRuns = (_: boolean): void => {};
  const tracers = await setup.tracers((isRunning, reason) => {
    if (!isRunning && reason !== '') log.warn({ reason }, "scamper's daemon has ended");
    daemonRuns(isRunning);
  });
  try {
    const { service, settleHops } = serviceFor(setup, tracers, log);
    daemonRuns = (isRunning) => service.metrics.daemonRunning.set(Number(isRunning));
    daemonRuns(tracers.some(({ name }) => name === 'scamper-daemon'));
    return await live(service, { setup, log, onHangup, settleHops });
  } finally {
    await Promise.all(tracers.map((tracer) => tracer.close()));
  }
}

async function live(
  service: WatchService,
  {
    setup,
    log,
    onHangup,
    settleHops,
  }: {
    readonly setup: WatchSetup;
    readonly log: Logger;
    readonly onHangup: (watch: LivingWatch) => Promise<void>;
    readonly settleHops: () => Promise<void>;
  },
): Promise<number> {
  const monitoring = await listen(setup.listen, service);
  const notifier = await openServiceNotifier(process.env, {
    onFailure: (error) => log.warn({ err: error }, 'systemd does not listen'),
  });
  const stopped = stopSignal();
  try {
    service.start();
    if (setup.user !== undefined) giveUpRoot(setup.user, foldersOf(setup));
    const stopHeeding = heedHangups(() => onHangup({ service, log, notifier }));
    const { folder: output } = setup.output;
    log.info({ version: VERSION, port: monitoring?.port, output }, 'watching');
    notifier.ready();
    const signal = await stopped;
    log.info({ signal, drainMs: setup.drainMs }, 'stopping');
    notifier.stopping();
    stopHeeding();
    const lost = await service.stop();
    await settleHops();
    return lost;
  } finally {
    notifier.close();
    await monitoring?.close();
  }
}

function serviceFor(
  setup: WatchSetup,
  tracers: readonly Tracer[],
  log: Logger,
): { readonly service: WatchService; readonly settleHops: () => Promise<void> } {
  const { source, output, tuning, drainMs, uuidPrefix, own, keys, isAnonymised, hops } = setup;
  const isOwn = ownAddressTest(ownAddresses, own, HOST_CLOCK);
  const files = { ...setup.files, version: VERSION, nowMs: () => HOST_CLOCK.nowMs() };
  const hopFolder = hops === undefined ? undefined : openFolder(hops, setup.user);
  let annotations: HopAnnotations | undefined;
  const service = new WatchService({
    sources: [source],
    tracers,
    disk: openFolder(output, setup.user),
    tuning,
    drainMs,
    clock: HOST_CLOCK,
    log,
    uuidOf: ({ uuid, cookie }) => uuid ?? uuidOf(uuidPrefix, cookie),
    isOwn,
    fileOf: (result, request) => ancestorFile(result, request, files),
    refine: async (result) =>
      refinedResult(result, {
        keys,
        isAnonymised,
        isOwn,
        onLines: (lines, { startedAtMs, hostname }) =>
          annotations?.add(hopAddresses(lines), { startedAtMs, hostname }),
      }),
    withProcessMetrics: true,
  });
  if (hops === undefined || hopFolder === undefined) {
    return { service, settleHops: () => Promise.resolve() };
  }
  const spool = hopSpool(hopFolder, service, log);
  annotations = new HopAnnotations({
    annotator: hops.annotator,
    spool,
    clock: HOST_CLOCK,
    metrics: service.metrics,
    onFailure: (error) => log.warn({ reason: reasonOf(error) }, 'hops are not annotated'),
  });
  const added = annotations;
  const settleHops = async (): Promise<void> => {
    const isSettled = added.settled().then(() => spool.flush());
    const patience = new Promise<void>((resolve) => HOST_CLOCK.after(HOPS_MS, resolve));
    await Promise.race([isSettled, patience]);
    spool.abandon();
  };
  return { service, settleHops };
}

/** How long the last annotations may take. */
const HOPS_MS = 5000;
const HOP_FILES_MAX = 20_000;
const HOP_SIZE_MAX = 32 * 2 ** 20;
const HOP_WRITERS = 4;

function hopSpool(disk: ResultFolder, { metrics }: WatchService, log: Logger): ResultSpool {
  const type = 'hopannotation';
  return new ResultSpool({
    clock: HOST_CLOCK,
    disk,
    filesMax: HOP_FILES_MAX,
    sizeMax: HOP_SIZE_MAX,
    writers: HOP_WRITERS,
    events: {
      written: () => metrics.hopCache.inc({ type, operation: 'written' }),
      refused: (path) => {
        metrics.hopErrors.inc({ type, error: 'writefile' });
        log.error({ path }, 'a hop annotation is lost: no more can wait for the disk');
      },
      failing: (path, error) =>
        log.error(
          { path, reason: reasonOf(error) },
          'hop annotations cannot be written: they wait',
        ),
      recovered: () => log.info({}, 'hop annotations can be written again'),
    },
  });
}

function openFolder(
  { flag, folder, fileMode }: NamedFolder,
  owner: Owner | undefined,
): ResultFolder {
  try {
    return new ResultFolder(folder, fileMode, owner);
  } catch (error) {
    const message = `${flag}: ${folder} cannot be written: ${reasonOf(error)}`;
    throw new CliError('OUTPUT_UNWRITABLE', message, 'name another folder, or make it writable');
  }
}

/** All that are written to. */
function foldersOf({ output, hops }: WatchSetup): string[] {
  return [output.folder, ...(hops === undefined ? [] : [hops.folder])];
}

async function listen(
  address: ListenAddress | undefined,
  service: WatchService,
): Promise<MonitoringServer | undefined> {
  if (address === undefined) return undefined;
  try {
    const { registry } = service.metrics;
    return await serveMonitoring({ ...address, registry, health: () => service.health() });
  } catch (error) {
    const message = `${address.flag}: ${reasonOf(error)}`;
    throw new CliError('LISTEN_FAILED', message, 'name another port');
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

/** @returns how to stop heeding it: what hangs up later is ignored */
function heedHangups(call: () => Promise<void>): () => void {
  let isHeeded = true;
  process.on('SIGHUP', () => {
    if (isHeeded) void call();
  });
  return () => {
    isHeeded = false;
  };
}
