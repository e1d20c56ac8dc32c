/** The clock of all times that the core is given. */

/** CLOCK_MONOTONIC in whole microseconds: the same in all threads and processes of the host. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
