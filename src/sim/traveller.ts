/**
 * A packet as routers and links see it: what they hash, what they measure, and what they have done
 * to it so far. Its bytes stay with whoever sent it.
 */

export interface TravellerFields {
  /** Of the flow (see `flow-hash.ts`). */
  readonly flowHash: number;
  /** TTL or hop limit as sent. */
  readonly ttl: number;
  /** 0 for the usual target, n for the nth of the others. */
  readonly target?: number;
  /** Of the destination alone, for balancers that look no further. */
  readonly destinationHash?: number;
  /** From the IP header on. */
  readonly lengthBytes?: number;
  /** TOS or traffic class. */
  readonly tos?: number;
  /** The prober's port, in both directions; −1 where the packet has none. */
  readonly port?: number;
  /** A TCP segment that opens a connection. */
  readonly isSyn?: boolean;
  /** IPv4 without "don't fragment": it fits every link. */
  readonly isFragmentable?: boolean;
}

const NO_SHIFTS: ReadonlyMap<object, number> = new Map();

/** One packet on its way; routers change it. */
export class Traveller {
  flowHash: number;
  tos: number;
  /** TTL or hop limit now. */
  left: number;
  /** What it was as the packet came to the node where it is. */
  ttlAsItCame: number;
  /** When the packet is where it is. */
  atUs = 0;
  readonly target: number;
  readonly destinationHash: number;
  readonly lengthBytes: number;
  readonly port: number;
  readonly isSyn: boolean;
  readonly isFragmentable: boolean;
  /** What has been added to its TCP sequence number, modulo 2^32. */
  sequenceOffset = 0;
  /** What of that is taken from its answer again only by the node that added it. */
  ownShifts: ReadonlyMap<object, number> = NO_SHIFTS;
  /** The source address that a quote shows; undefined: as sent. */
  quotedSource: Uint8Array | undefined = undefined;
  /** The source port that a quote shows; −1: as sent. */
  quotedPort = -1;

  constructor(fields: TravellerFields) {
    this.flowHash = fields.flowHash;
    this.left = fields.ttl;
    this.ttlAsItCame = fields.ttl;
    this.target = fields.target ?? 0;
    this.destinationHash = fields.destinationHash ?? 0;
    this.lengthBytes = fields.lengthBytes ?? 0;
    this.tos = fields.tos ?? 0;
    this.port = fields.port ?? -1;
    this.isSyn = fields.isSyn ?? false;
    this.isFragmentable = fields.isFragmentable ?? false;
  }
}
