/** What could explain missing replies: a place, and the cells in which its loss would show. */

/**
 * Positions `from` to before `end` of one path class. The position behind the last is the way back
 * from the target.
 */
export interface Span {
  readonly path: number;
  readonly from: number;
  readonly end: number;
}

/** One physical explanation. Vertices are ids of the path graph. */
export type Explanation =
  /** From any of `nears`, which are one router, to `far`. */
  | { readonly kind: 'link'; readonly nears: readonly number[]; readonly far: number }
  /** Anywhere before the first TTL that is probed, on the way to `far`, or to all that is there. */
  | { readonly kind: 'before'; readonly far?: number }
  /** A router, by its interfaces; none of them where it has never been seen. */
  | { readonly kind: 'node'; readonly interfaces: readonly number[]; readonly ttl: number }
  /** The target itself, or the way back from it; its vertex where there are several targets. */
  | { readonly kind: 'target'; readonly vertex?: number }
  /** An interface that answers less than it is asked: no loss of traffic. */
  | {
      readonly kind: 'responder';
      readonly vertex: number;
      /** Other interfaces of the same router that share its limit. */
      readonly aliases?: readonly number[];
      /** Set for all interfaces at this position: routers of a layer that are set up alike. */
      readonly layer?: number;
    };

export interface Candidate {
  /** Where it covers which positions of which path classes, in their order. */
  readonly spans: readonly Span[];
  /** Ascending ids of the cells that it covers. */
  readonly cells: readonly number[];
  /** How many flows cross it. */
  readonly flowCount: number;
  /** All that cover just these cells; the first is the most ordinary. */
  readonly explanations: readonly Explanation[];
  /** Whether it explains missing replies without any loss of traffic. */
  readonly isNuisance: boolean;
  /** Whether it is a limit of a whole layer: tried only in the place of several losses. */
  readonly isLayer: boolean;
  /** Whether all it names are single interfaces of routers that have several. */
  readonly isIncomplete: boolean;
  /** Whether it loses answers on their way back rather than probes. */
  readonly isReturn: boolean;
}
