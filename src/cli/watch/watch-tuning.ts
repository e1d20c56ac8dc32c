/** The flags that can change while a watcher runs: it reads them anew on `SIGHUP`. */

import type { WatchTuning } from '../../watch/watch-service.ts';
import type { WatchFlags } from './watch-flags.ts';

/** As the watcher takes them. */
export function tuningOf(flags: WatchFlags): WatchTuning {
  const { include, exclude, ports, excludePorts, sample } = flags;
  return {
    policy: { include, exclude, localPorts: ports, excludePorts, sample },
    traceTimeoutMs: flags.timeout / 1000,
    cacheAgeMs: flags.cache / 1000,
    negativeAgeMs: flags.negativeCache / 1000,
    cacheEntriesMax: flags.cacheEntries,
    concurrency: flags.concurrency,
    tracesPerSecond: flags.tracesPerSecond,
    waitingMax: flags.waitingMax,
  };
}

/** Their names, as they are in `WatchFlags`. */
export const TUNABLE: ReadonlySet<string> = new Set([
  'include',
  'exclude',
  'ports',
  'excludePorts',
  'sample',
  'timeout',
  'cache',
  'negativeCache',
  'cacheEntries',
  'concurrency',
  'tracesPerSecond',
  'waitingMax',
]);
