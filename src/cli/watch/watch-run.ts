/** `fantrace watch` from its flags to its end, with settings anew on SIGHUP. */

import { reasonOf } from '../../lib/reason.ts';
import { HOST_TCP } from '../../runtime/host/kernel-tcp.ts';
import type { ConnectionSource } from '../../watch/connection-source.ts';
import type { HopAnnotator } from '../../watch/files/hop-annotations.ts';
import { asAnnotator, socketAnnotator } from '../../watch/files/hop-annotators.ts';
import { EventSocketSource } from '../../watch/sources/event-socket-source.ts';
import { NetlinkSource, PollingSource } from '../../watch/sources/kernel-sources.ts';
import { HOST_CLOCK } from '../../watch/watch-clock.ts';
import { CliError } from '../cli-error.ts';
import { uuidPrefixFor } from './uuid-prefix-for.ts';
import type { WatchFlags } from './watch-flags.ts';
import { type LivingWatch, liveUntilStopped, openLog, type WatchSetup } from './watch-life.ts';
import { openTracers, rootIsFor } from './watch-tracers.ts';
import { TUNABLE, tuningOf } from './watch-tuning.ts';
import { userToBecome } from './watch-user.ts';

const HOP_FILE_MODE = 0o444; // as the ancestor

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
  const setup = await setupOf(flags);
  return liveUntilStopped(setup, openLog(flags.logLevel), (watch) =>
    tuneAnew(watch, flags, reread),
  );
}

async function setupOf(flags: WatchFlags): Promise<WatchSetup> {
  const { output: folder, fileMode, drain, own, anonymize, hopAnnotations } = flags;
  const annotator = await annotatorFor(flags);
  return {
    source: sourceFor(flags),
    tracers: (onDaemon) => openTracers(flags, onDaemon),
    output: { flag: '--output', folder, fileMode },
    user: userToBecome({ user: flags.user, rootIsFor: rootIsFor(flags) }),
    tuning: tuningOf(flags),
    drainMs: drain / 1000,
    uuidPrefix: flags.uuidPrefix ?? uuidPrefixFor('--uuid-prefix-file', flags.uuidPrefixFile),
    own,
    files: { format: 'jsonl', sharedTime: 'trace' },
    keys: 'all',
    isAnonymised: anonymize === 'netblock',
    hops:
      hopAnnotations === undefined
        ? undefined
        : {
            flag: '--hop-annotations',
            folder: hopAnnotations,
            fileMode: HOP_FILE_MODE,
            annotator,
          },
    listen: flags.listen,
  };
}

/** M-Lab's annotator, a database, or the DNS. */
async function annotatorFor({
  annotator,
  asnDb,
  hopAnnotations,
}: WatchFlags): Promise<HopAnnotator> {
  if (annotator !== undefined) return socketAnnotator(annotator);
  if (hopAnnotations === undefined) return { annotate: async () => new Map() };
  const { openAsLookup } = await import('../../runtime/names/as-sources.ts');
  return asAnnotator(await openAsLookup(asnDb === undefined ? { dns: true } : { file: asnDb }));
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

/** Never rejects: a bad settings file leaves all as it is. */
async function tuneAnew(
  { service, log, notifier }: LivingWatch,
  flags: WatchFlags,
  reread: () => Promise<WatchFlags>,
): Promise<void> {
  notifier.reloading();
  try {
    const anew = await reread();
    service.tune(tuningOf(anew));
    const fixed = changedSettings(flags, anew).filter((name) => !TUNABLE.has(name));
    if (fixed.length > 0) log.warn({ settings: fixed }, 'these settings need a restart');
    log.info({}, 'settings are read anew');
  } catch (error) {
    log.error({ reason: reasonOf(error) }, 'settings stay as they were: the new ones are refused');
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
