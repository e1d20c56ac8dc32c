/** What a command line of `traceroute-caller` asks for, and what its versions have differently. */

import type { TracerName } from '../../watch/tracer.ts';
import type { ListenAddress } from '../watch/listen-address.ts';

/** Versions whose presets and files there are. */
export type CompatVersion = 'v0.5' | 'v0.12';

/** Presets that flags cannot have, since they depend on the version. */
export interface VersionPresets {
  readonly cacheAge: string;
  readonly timeout: string;
  readonly output: string;
  /** In 10 ms; undefined leaves it to scamper. */
  readonly waitProbe: number | undefined;
}

export const VERSION_PRESETS: Readonly<Record<CompatVersion, VersionPresets>> = {
  'v0.5': { cacheAge: '120s', timeout: '300s', output: '/var/spool/scamper', waitProbe: undefined },
  'v0.12': { cacheAge: '10m', timeout: '900s', output: '/var/spool/scamper1', waitProbe: 25 },
};

/** A command line that makes sense. Durations in milliseconds; '' where nothing was named. */
export interface TracerouteCallerFlags {
  readonly compat: CompatVersion;
  readonly tracers: readonly TracerName[];
  readonly kind: 'tracelb' | 'trace';
  readonly ptr: boolean;
  /** In 10 ms; undefined leaves it to scamper. */
  readonly waitProbe: number | undefined;
  readonly probesMax: number | undefined;
  readonly packetsPerSecond: number;
  readonly outputMax: number;
  readonly timeoutMs: number;
  readonly cacheAgeMs: number;
  readonly pollIntervalMs: number;
  readonly drainMs: number;
  readonly concurrency: number;
  readonly scamperBinary: string;
  readonly parisBinary: string;
  readonly socketPath: string;
  readonly eventSocket: string;
  readonly output: string;
  readonly hopOutput: string;
  readonly annotatorSocket: string;
  readonly asnDb: string;
  readonly datatypes: string;
  readonly uuidPrefixFile: string;
  readonly listen: ListenAddress;
  readonly format: 'jsonl' | 'json';
  readonly keys: 'all' | 'go' | 'scamper';
  readonly isAnonymised: boolean;
}
