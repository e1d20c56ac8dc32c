/** What a trace is asked to do, in the units of the core; every default is filled in already. */

/** The whole of it. */
export interface TraceSettings {
  /** 1–255, `firstTtl` ≤ `maxTtl`. */
  readonly firstTtl: number;
  readonly maxTtl: number;
  /** Probes at each TTL. */
  readonly queries: number;
  /** Further probes for each that is lost; 0 is legal. */
  readonly retries: number;
  /** The longest wait for one reply. */
  readonly timeoutUs: number;
  /** TTLs under way at a time. */
  readonly parallelTtls: number;
  /** So many silent TTLs in a row end the trace, where nothing farther answers; 0 for never. */
  readonly gapLimit: number;
  /** The whole trace may take no longer; Infinity for any time. */
  readonly maxTimeUs: number;
}
