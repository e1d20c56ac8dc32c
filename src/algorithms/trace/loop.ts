/**
 * Forwarding loops as a trace sees them: the same interfaces again and again in the same order. One
 * repetition may have other reasons (Augustin 2006 lists them); a whole second round counts.
 */

/** One interface may answer at two TTLs in a row, behind a zero-TTL forwarder; not at so many. */
const SAME_IN_A_ROW = 5;
const PERIOD_MAX = 16;

/**
 * Finds the first loop.
 *
 * @param responders by TTL from the first one on: who answered, −1 for nobody
 * @returns the index of the last TTL of the second round, or −1 where there is no loop
 */
export function endOfLoop(responders: readonly number[]): number {
  if (!hasRepetition(responders)) return -1;
  for (let end = 0; end < responders.length; end++) {
    for (let period = 1; period <= PERIOD_MAX; period++) {
      if (hasRepeated(responders, end, period)) return end;
    }
  }
  return -1;
}

/** Most paths have none, and are done with. */
function hasRepetition(responders: readonly number[]): boolean {
  const answered = responders.filter((responder) => responder >= 0);
  return new Set(answered).size < answered.length;
}

function hasRepeated(responders: readonly number[], end: number, period: number): boolean {
  const compared = period === 1 ? SAME_IN_A_ROW - 1 : period;
  if (end - compared - period + 1 < 0) return false;
  for (let i = 0; i < compared; i++) {
    const [now, before] = [responders[end - i], responders[end - i - period]];
    if (now === undefined || now < 0 || now !== before) return false;
  }
  if (period === 1) return true;
  // Else a hop that answers twice in a row would seem to be a loop of two.
  return new Set(responders.slice(end - period + 1, end + 1)).size === period;
}
