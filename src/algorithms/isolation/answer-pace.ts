/**
 * Who answers by the clock. A token bucket that is asked too often gives out one answer whenever
 * the next token is there: right after an answer it gives none, and long after one it gives the
 * next. A loss does not know when the last answer was, so it takes the same share of probes sent
 * soon after an answer as of those sent long after it.
 */

import { bestShareNats } from '../share-likelihood.ts';

/** One probe, and whether it was answered. */
export interface TimedProbe {
  /** When it was sent, in microseconds of the run's clock. */
  readonly atUs: number;
  readonly isAnswered: boolean;
}

/** A probe of some flow that an interface had to answer. */
export interface AskedProbe extends TimedProbe {
  /** Address index of who answers there. */
  readonly responder: number;
}

/** Only who leaves more than this unanswered is worth the question. */
const QUIET_RATIO = 0.5;
/** What is soon and what is long after an answer: each of these times is tried, in microseconds. */
const FIRST_BORDER_US = 20_000;
const BORDER_RATIO = Math.SQRT2;
const BORDERS = 17;
/** Long after an answer a bucket answers at least so many times the share of soon after one. */
const RISE_MIN = 3;
/** A clock must be so much likelier than chance, in nats, beside the price of choosing a border. */
const CLOCK_NATS = 8;
/** With fewer answers nothing is told. */
const ANSWERS_MIN = 4;

/**
 * The interfaces and targets that answer by the clock.
 *
 * @param probes of all flows, in any order
 */
export function clockedResponders(probes: Iterable<AskedProbe>): ReadonlySet<number> {
  const byResponder = new Map<number, AskedProbe[]>();
  for (const probe of probes) {
    const known = byResponder.get(probe.responder);
    if (known === undefined) byResponder.set(probe.responder, [probe]);
    else known.push(probe);
  }
  const clocked = [...byResponder].filter(([, asked]) => {
    const answered = asked.reduce((sum, { isAnswered }) => sum + Number(isAnswered), 0);
    const isQuiet = answered < QUIET_RATIO * asked.length;
    return isQuiet && answersByClock(asked.sort((a, b) => a.atUs - b.atUs));
  });
  return new Set(clocked.map(([responder]) => responder));
}

/** @param probes to one interface, or target, in the order of sending */
export function answersByClock(probes: readonly TimedProbe[]): boolean {
  const waits = waitsOf(probes);
  if (waits.filter(({ isAnswered }) => isAnswered).length < ANSWERS_MIN) return false;
  for (let i = 0; i < BORDERS; i++) {
    const borderUs = FIRST_BORDER_US * BORDER_RATIO ** i;
    if (natsForClock(waits, borderUs) >= CLOCK_NATS + Math.log(BORDERS)) return true;
  }
  return false;
}

interface Wait {
  /** Since the last probe that was answered was sent. */
  readonly sinceUs: number;
  readonly isAnswered: boolean;
}

/** Probes after the first answers in a row, which a full bucket gives without waiting. */
function waitsOf(probes: readonly TimedProbe[]): Wait[] {
  const first = probes.findIndex(({ isAnswered }) => isAnswered);
  const drained = probes.findIndex(({ isAnswered }, i) => i > first && !isAnswered);
  if (first < 0 || drained < 0) return [];
  let answeredAtUs = probes[drained - 1]?.atUs ?? 0;
  return probes.slice(drained).map(({ atUs, isAnswered }) => {
    const sinceUs = atUs - answeredAtUs;
    if (isAnswered) answeredAtUs = atUs;
    return { sinceUs, isAnswered };
  });
}

/** How much likelier two shares of answers are, soon and long after an answer, than one of all. */
function natsForClock(waits: readonly Wait[], borderUs: number): number {
  const soon = shareOf(waits.filter(({ sinceUs }) => sinceUs < borderUs));
  const long = shareOf(waits.filter(({ sinceUs }) => sinceUs >= borderUs));
  if (soon.sent === 0 || long.ratio < RISE_MIN * soon.ratio) return 0;
  return soon.nats + long.nats - shareOf(waits).nats;
}

/** Answers of some probes, and the likelihood of their share, in nats. */
function shareOf(waits: readonly Wait[]): { sent: number; ratio: number; nats: number } {
  const sent = waits.length;
  const received = waits.filter(({ isAnswered }) => isAnswered).length;
  return { sent, ratio: received / sent, nats: bestShareNats(received, sent) };
}
