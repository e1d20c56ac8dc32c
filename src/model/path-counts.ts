/**
 * What a run has measured: per flow and TTL, who answered, how many probes were sent and how many
 * were answered. These are the sufficient statistics of localisation.
 */

/** Nobody has answered there. */
export const STAR = -1;

/** One flow. The arrays are parallel: index i stands for TTL `minTtl` + i. */
export interface FlowCounts {
  /** Address indexes of those who answered, or `STAR`. Ends with the target where that answered. */
  readonly responders: readonly number[];
  /** Probes whose outcome is known. */
  readonly sent: readonly number[];
  readonly received: readonly number[];
  /** Whether the last entry is the target's. */
  readonly isReached: boolean;
  /**
   * Of the probes to the target that count as lost: those that a repeated SYN-ACK answered after
   * all. Each of them arrived, and its first answer was lost on the way back.
   */
  readonly answeredLate: number;
  /** By index: the rounds of the lost probes, from 0 on. Left out where nobody noted them. */
  readonly lostIn?: readonly (readonly number[])[];
  /** By index: the rounds of all probes. Left out where every round sent the same. */
  readonly sentIn?: readonly (readonly number[])[];
  /** Set where its packets come back after the last hop that answers: they never arrive. */
  readonly isLooping?: true;
  /** Address index of its target; left out where that is the one of the counts. */
  readonly target?: number;
}

/** All flows from one source. */
export interface PathCounts {
  readonly minTtl: number;
  /** Address index of the target of all flows that name no other. */
  readonly target: number;
  readonly flows: readonly FlowCounts[];
  /** How many rounds the counts are of; left out where nobody noted in which probes were lost. */
  readonly rounds?: number;
  /**
   * Address indexes of those that answer by the clock, as a limit does and a loss does not: what
   * they leave unanswered is not lost. Left out where nobody noted when probes were sent.
   */
  readonly clocked?: ReadonlySet<number>;
}
