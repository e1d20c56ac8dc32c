/** The tracers that `--tracer` names. */

import { hostname } from 'node:os';
import { NativeTracer } from '../../watch/native-tracer.ts';
import { Paris } from '../../watch/scamper/paris.ts';
import { Scamper } from '../../watch/scamper/scamper.ts';
import { ScamperDaemon } from '../../watch/scamper/scamper-daemon.ts';
import { SCAMPER_RANGES } from '../../watch/scamper/scamper-task.ts';
import type { Tracer, TracerName } from '../../watch/tracer.ts';
import { CliError } from '../cli-error.ts';
import type { WatchFlags } from './watch-flags.ts';

/** Told whenever scamper's daemon begins or ceases to run. */
export type DaemonListener = (isRunning: boolean, reason: string) => void;

/**
 * In the order given. Programs of others are looked for, and the daemon is started.
 *
 * @throws {HostError} naming the package of a program that is missing
 */
export function openTracers(flags: WatchFlags, onDaemon: DaemonListener): Promise<Tracer[]> {
  return openedInOrder(flags.tracer, (name) => open(name, flags, onDaemon));
}

/** Each as `open` does it; none stays open when one cannot be opened. @throws what `open` throws */
export async function openedInOrder(
  names: readonly TracerName[],
  open: (name: TracerName) => Promise<Tracer>,
): Promise<Tracer[]> {
  const tracers: Tracer[] = [];
  try {
    for (const name of names) tracers.push(await open(name));
    return tracers;
  } catch (error) {
    await Promise.all(tracers.map((tracer) => tracer.close()));
    throw error;
  }
}

/** Why root cannot be given up once all is open; undefined where it can. */
export function rootIsFor({ tracer, kind, method }: WatchFlags): string | undefined {
  const others = tracer.filter((name) => name !== 'native');
  if (others.length > 0) return others.join(', ');
  return kind === 'paths' && method === 'udp' ? '--method udp, where uplinks are equal' : undefined;
}

async function open(
  name: TracerName,
  flags: WatchFlags,
  onRunning: DaemonListener,
): Promise<Tracer> {
  const { kind, dns: names, rate } = flags;
  const waitProbe = SCAMPER_RANGES.waitProbe.min; // nothing else is as fast
  const task = { kind: kind === 'paths' ? 'tracelb' : 'trace', ptr: names, waitProbe } as const;
  switch (name) {
    case 'native':
      return await nativeTracer(flags);
    case 'scamper':
      return new Scamper({ task });
    case 'scamper-daemon':
      return await startedDaemon(
        new ScamperDaemon({
          task,
          onRunning,
          ...(rate === undefined ? {} : { packetsPerSecond: rate }),
        }),
      );
    case 'paris':
      return new Paris();
  }
}

async function nativeTracer({
  kind,
  method,
  dns: names,
  rate,
  ratePerInterface,
}: WatchFlags): Promise<NativeTracer> {
  if (kind === 'paths' && method === 'tcp-ack') {
    const message = '--method tcp-ack follows the connection, which is one flow';
    throw new CliError('USAGE', message, 'with --kind trace');
  }
  const options = { kind, method, names, rate, ratePerInterface };
  const tracer = new NativeTracer({ ...options, hostname: hostname() });
  await tracer.hold();
  return tracer;
}

/** The daemon once it runs; a trouble at the start shows there. */
export async function startedDaemon(daemon: ScamperDaemon): Promise<ScamperDaemon> {
  try {
    await daemon.start();
    return daemon;
  } catch (error) {
    await daemon.close();
    throw error;
  }
}
