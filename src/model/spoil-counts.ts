/** What came beside the answers, or did not come for reasons of our own: records have it all. */

/** Since sockets were opened, or during one measurement; of all that ran at the same time. */
export interface SpoilCounts {
  readonly lateReplies: number;
  readonly duplicates: number;
  readonly foreignReplies: number;
  readonly malformed: number;
  readonly socketDrops: number;
  /** By errno name. */
  readonly sendErrors: Readonly<Record<string, number>>;
}
