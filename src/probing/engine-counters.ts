/** What a probing engine counts. */

/** What the engine saw beside the outcomes that it reports. */
export interface EngineCounters {
  probesSent: number;
  repliesReceived: number;
  /** Second and further replies to one probe. */
  duplicates: number;
  lateReplies: number;
  /** Packets that answer none of our probes. */
  foreignReplies: number;
  /** Replies matched without their token, because something on the way rewrote it. */
  secondaryMatches: number;
  /** ICMP errors of our own host about our probes: a neighbour that does not resolve. */
  ownHostErrors: number;
  malformed: number;
  /** Refusals of the kernel, by errno name. */
  sendErrors: Record<string, number>;
}

/** All of them at zero. */
export function newEngineCounters(): EngineCounters {
  return {
    probesSent: 0,
    repliesReceived: 0,
    duplicates: 0,
    lateReplies: 0,
    foreignReplies: 0,
    secondaryMatches: 0,
    ownHostErrors: 0,
    malformed: 0,
    sendErrors: {},
  };
}
