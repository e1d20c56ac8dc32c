/** How likely a share of some probes is that are answered, each by chance. */

/**
 * ln of the probability of just these answers, at the share that makes them likeliest, in nats: 0
 * where all are alike.
 *
 * @param received of `sent`
 */
export function bestShareNats(received: number, sent: number): number {
  return partNats(received, sent) + partNats(sent - received, sent);
}

/** The limit of 0 · ln 0 is 0. */
function partNats(count: number, all: number): number {
  return count === 0 ? 0 : count * Math.log(count / all);
}
