/** What a sweep counts on its way. */

export interface SweepCounters {
  probesSent: number;
  replies: number;
  /** Replies of the targets themselves. */
  targetReplies: number;
  /** Not ours, or with a token that is none. */
  foreignReplies: number;
  malformed: number;
  /** Replies whose window was over. */
  lateReplies: number;
  ownHostErrors: number;
  /** Refused by the kernel for good, by errno name. */
  readonly sendErrors: Record<string, number>;
  /** Send calls that a full queue ended early: the packets were sent again. */
  sendPauses: number;
}

/** Before anything was sent. */
export function newSweepCounters(): SweepCounters {
  return {
    probesSent: 0,
    replies: 0,
    targetReplies: 0,
    foreignReplies: 0,
    malformed: 0,
    lateReplies: 0,
    ownHostErrors: 0,
    sendErrors: {},
    sendPauses: 0,
  };
}
