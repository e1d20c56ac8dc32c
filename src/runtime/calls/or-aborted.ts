/** Waiting that can be given up, for what has no way of its own to be ended early. */

/**
 * What the promise resolves with, unless the signal is aborted before: then it rejects with the
 * signal's reason, and what becomes of the promise is nobody's.
 */
export function orAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
