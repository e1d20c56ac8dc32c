/**
 * Many questions to the configured resolver at once. What it does not answer in time is left open:
 * a slow resolver can delay a report, but never spoil it.
 */

import { Resolver } from 'node:dns/promises';
import pLimit from 'p-limit';

const QUERIES_AT_ONCE = 32;
const QUERY_TIMEOUT_MS = 700;
/** All questions of one call together may take no longer. */
const TOTAL_TIMEOUT_MS = 2500;

/** Whom to ask, and for how long. */
export interface DnsPatience {
  /** Ends the look-ups early. */
  readonly signal?: AbortSignal | undefined;
  /** Addresses of resolvers, with their ports; those of this host unless told. */
  readonly servers?: readonly string[] | undefined;
}

/** Asks each question once; one that fails counts as unanswered. Never fails. */
export async function askDns<Question>(
  questions: readonly Question[],
  { signal, servers }: DnsPatience,
  ask: (resolver: Resolver, question: Question) => Promise<void>,
): Promise<void> {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  const limit = pLimit(QUERIES_AT_ONCE);
  const patience = AbortSignal.timeout(TOTAL_TIMEOUT_MS);
  const ending = signal === undefined ? patience : AbortSignal.any([patience, signal]);
  const isOver = new Promise<void>((resolve) => {
    const end = (): void => {
      limit.clearQueue();
      resolver.cancel();
      resolve();
    };
    if (ending.aborted) end();
    else ending.addEventListener('abort', end, { once: true });
  });
  const answers = questions.map((question) => limit(() => ask(resolver, question)));
  await Promise.race([Promise.allSettled(answers), isOver]);
}
