/** One flow, made comparable with others. */

/**
 * How a path ends: at the target; where the flow loses everything although other flows arrive; or
 * at the last hop that answers, when no flow arrives.
 */
export type PathEnd = 'target' | 'unseen' | 'open';

/** One flow. The arrays are parallel, one entry a hop, from the first to where the path ends. */
export interface FlowRow {
  /** Index into the flows of the counts. */
  readonly flow: number;
  readonly responders: number[];
  readonly sent: number[];
  readonly received: number[];
  readonly end: PathEnd;
  /** Of the probes lost at the target: those whose repeated answer came. */
  readonly answeredLate: number;
  /** Address index of the target that it is sent to. */
  readonly target: number;
  /** The rounds of lost probes, one entry a hop; empty where nobody noted them. */
  readonly lostIn: readonly (readonly number[])[];
  /** The rounds of all probes, one entry a hop; empty where all rounds sent the same. */
  readonly sentIn: readonly (readonly number[])[];
}
