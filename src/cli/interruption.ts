/** Signals of the user or the system that end a command early, with what is known by then. */

/** The status of a command that was ended so. */
export const EXIT_INTERRUPTED = 130;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a command whose signal is aborted instead of the process being ended, as often as it is
 * asked to: a second signal must not cost what the first one saved.
 */
export async function interruptible<Result>(
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    return await run(interruption.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
