/** `traceroute-caller` from its flags to its end: the files of a pod, the tracers, the folders. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type IpPrefix, parseIpPrefix } from '../../lib/ip-prefix.ts';
import { reasonOf } from '../../lib/reason.ts';
import { makeFolder } from '../../runtime/folder.ts';
import { HOST_TCP } from '../../runtime/host/kernel-tcp.ts';
import type { ConnectionSource } from '../../watch/connection-source.ts';
import type { HopAnnotator } from '../../watch/files/hop-annotations.ts';
import { asAnnotator, socketAnnotator } from '../../watch/files/hop-annotators.ts';
import { NativeTracer } from '../../watch/native-tracer.ts';
import { datatypeSchemas } from '../../watch/scamper/bigquery-schema.ts';
import { Paris } from '../../watch/scamper/paris.ts';
import { Scamper } from '../../watch/scamper/scamper.ts';
import { ScamperDaemon } from '../../watch/scamper/scamper-daemon.ts';
import { EventSocketSource } from '../../watch/sources/event-socket-source.ts';
import { NetlinkSource } from '../../watch/sources/kernel-sources.ts';
import type { Tracer, TracerName } from '../../watch/tracer.ts';
import { HOST_CLOCK } from '../../watch/watch-clock.ts';
import type { WatchTuning } from '../../watch/watch-service.ts';
import { CliError } from '../cli-error.ts';
import { uuidPrefixFor } from '../watch/uuid-prefix-for.ts';
import { liveUntilStopped, openLog, type WatchSetup } from '../watch/watch-life.ts';
import { type DaemonListener, openedInOrder, startedDaemon } from '../watch/watch-tracers.ts';
import type { TracerouteCallerFlags } from './traceroute-caller-options.ts';

/** Where Kubernetes puts what a pod is told of its node. */
const METADATA_FOLDER = '/metadata';
const HOP_FILE_MODE = 0o444;
/** By version; what the umask takes is taken from those of v0.5, as it was there. */
const FILE_MODES = { 'v0.5': 0o666, 'v0.12': 0o644 } as const;
const PARIS_FILE_MODE = 0o446; // so it was
const NEGATIVE_AGE_MS = 60_000;
const CACHE_ENTRIES_MAX = 100_000;
const WAITING_MAX = 20_000;

/**
 * Watches until SIGTERM or SIGINT.
 *
 * @returns how many results were lost at the end
 * @throws {CliError} where it cannot watch at all
 */
export async function runTracerouteCaller(flags: TracerouteCallerFlags): Promise<number> {
  const log = openLog('info');
  const setup = await setupOf(flags);
  writeSchemas(flags.datatypes);
  return liveUntilStopped(setup, log, async () => {
    log.info({}, 'flags cannot be read anew: start it again');
  });
}

async function setupOf(flags: TracerouteCallerFlags): Promise<WatchSetup> {
  const { compat, output: folder, hopOutput, isAnonymised, keys, format, drainMs, listen } = flags;
  const annotator = await annotatorFor(flags);
  return {
    source: sourceFor(flags),
    tracers: (onDaemon) =>
      openedInOrder(flags.tracers, (name) => openTracer(name, flags, onDaemon)),
    output: { flag: '-traceroute-output', folder, fileMode: fileModeFor(flags) },
    user: undefined, // scamper needs root for every trace
    tuning: tuningOf(flags),
    drainMs,
    uuidPrefix: uuidPrefixFor('-uuid-prefix-file', flags.uuidPrefixFile || undefined),
    own: loadBalancerAddresses(METADATA_FOLDER),
    files: { format, sharedTime: compat === 'v0.5' ? 'request' : 'trace' },
    keys,
    isAnonymised,
    hops: annotator && {
      flag: '-hopannotation-output',
      folder: hopOutput,
      fileMode: HOP_FILE_MODE,
      annotator,
    },
    listen,
  };
}

function tuningOf({ timeoutMs, cacheAgeMs, concurrency }: TracerouteCallerFlags): WatchTuning {
  return {
    policy: { include: [], exclude: [], localPorts: [], excludePorts: [], sample: 1 },
    traceTimeoutMs: timeoutMs,
    cacheAgeMs,
    negativeAgeMs: Math.min(cacheAgeMs, NEGATIVE_AGE_MS),
    cacheEntriesMax: CACHE_ENTRIES_MAX,
    concurrency,
    tracesPerSecond: 0,
    waitingMax: WAITING_MAX,
  };
}

function fileModeFor({ compat, tracers: [first] }: TracerouteCallerFlags): number {
  if (compat === 'v0.12') return FILE_MODES[compat];
  return (first === 'paris' ? PARIS_FILE_MODE : FILE_MODES[compat]) & ~process.umask();
}

function sourceFor({ eventSocket, pollIntervalMs }: TracerouteCallerFlags): ConnectionSource {
  const clock = HOST_CLOCK;
  if (eventSocket !== '') return new EventSocketSource({ path: eventSocket, clock });
  return new NetlinkSource({ kernel: HOST_TCP, clock, intervalMs: pollIntervalMs });
}

async function openTracer(
  name: TracerName,
  flags: TracerouteCallerFlags,
  onRunning: DaemonListener,
): Promise<Tracer> {
  const { kind, ptr, waitProbe, probesMax, outputMax, packetsPerSecond, socketPath } = flags;
  const { scamperBinary: binary, parisBinary } = flags;
  const task = { kind, ptr, waitProbe, probesMax };
  switch (name) {
    case 'scamper':
      return new Scamper({ binary, task, outputMax });
    case 'scamper-daemon':
      return await startedDaemon(
        new ScamperDaemon({ binary, task, outputMax, packetsPerSecond, socketPath, onRunning }),
      );
    case 'paris':
      return new Paris({ binary: parisBinary, outputMax });
    case 'native':
      return new NativeTracer({
        kind: kind === 'tracelb' ? 'paths' : 'trace',
        method: 'icmp',
        names: ptr,
        hostname: hostname(),
      });
  }
}

async function annotatorFor(flags: TracerouteCallerFlags): Promise<HopAnnotator | undefined> {
  const { annotatorSocket, asnDb } = flags;
  if (annotatorSocket !== '') return socketAnnotator(annotatorSocket);
  if (asnDb === '') return undefined;
  const { openAsLookup } = await import('../../runtime/names/as-sources.ts');
  return asAnnotator(await openAsLookup(asnDb === 'cymru' ? { dns: true } : { file: asnDb }));
}

/**
 * The addresses of the load balancer before this host, where there is one.
 *
 * @param folder what has `loadbalanced`, `external-ip` and `external-ipv6`
 * @throws {CliError} where there is one, and what should be its address is none
 */
export function loadBalancerAddresses(folder: string): IpPrefix[] {
  const isBalanced = readIfThere(join(folder, 'loadbalanced'));
  if (isBalanced === undefined || isBalanced === '' || isBalanced === 'false') return [];
  return ['external-ip', 'external-ipv6'].flatMap((name) => {
    const text = readIfThere(join(folder, name));
    if (text === undefined || text === '') return [];
    // An address may come with the length of its network, which is not ours as a whole.
    const [address = ''] = text.split('/');
    const prefix = parseIpPrefix(address);
    if (prefix !== undefined) return prefix;
    const message = `${join(folder, name)} has no address, but ${JSON.stringify(text)}`;
    throw new CliError('METADATA_UNREADABLE', message, 'it should be that of the load balancer');
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError('METADATA_UNREADABLE', reasonOf(error));
  }
}

/**
 * Writes what M-Lab's loader needs to know of single-object results and annotations.
 *
 * @throws {CliError} where the folder cannot be written
 */
export function writeSchemas(folder: string): void {
  if (folder === '') return;
  try {
    makeFolder(folder);
    for (const [name, schema] of Object.entries(datatypeSchemas())) {
      const file = join(folder, `${name}.json`);
      writeFileSync(`${file}.new`, `${JSON.stringify(schema, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    }
  } catch (error) {
    const message = `-datatypes-output: ${reasonOf(error)}`;
    throw new CliError('OUTPUT_UNWRITABLE', message, 'name another folder, or none');
  }
}
