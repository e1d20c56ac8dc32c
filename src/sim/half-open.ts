/**
 * Handshakes of which a target awaits the end. It repeats its SYN-ACK, as Linux does five times,
 * after 1 s and then twice as long each time (RFC 6298 §2.1, §5.5), and answers other SYNs of the
 * same flow with an acknowledgment of the first (RFC 9293 §3.10.7.4). The prober's kernel knows of
 * no connection, and resets it as soon as anything of it arrives.
 */

/** When the copies of a SYN-ACK leave, after the first. */
export const SYN_ACK_TIMES_US: readonly number[] = [0, 1e6, 3e6, 7e6, 15e6, 31e6];
/** The target gives up then. */
const GIVEN_UP_US = 63e6;
/** Linux: `tcp_invalid_ratelimit`, for each connection. */
const ACKNOWLEDGE_EVERY_US = 500_000;

/** A packet on its way to the prober. */
export interface Arrival {
  readonly packet: Uint8Array;
  readonly atUs: number;
  /** Set where its sender learned before that it need not send it. */
  isCalledOff?: boolean;
}

interface Handshake {
  /** Sequence number of the SYN that began it. */
  readonly sequence: number;
  /** The SYN-ACK that arrives; undefined where every copy gets lost. */
  readonly arrival: Arrival | undefined;
  /** When that leaves. */
  readonly leavesAtUs: number;
  /** When a reset of the prober's kernel gets here, or the target gives up. */
  endsAtUs: number;
  acknowledgedAtUs: number;
}

/** The SYN-ACK of a SYN, and how it fares. */
export interface SynAckFate {
  readonly sequence: number;
  /** When the SYN got here. */
  readonly atUs: number;
  readonly arrival: Arrival | undefined;
  readonly leavesAtUs: number;
  /** From the prober to the target. */
  readonly delayUs: number;
}

/** The handshakes of one network, by flow. */
export class HalfOpenConnections {
  readonly #byFlow = new Map<number, Handshake>();

  /** Notes what a SYN began. */
  open(flow: number, { sequence, atUs, arrival, leavesAtUs, delayUs }: SynAckFate): void {
    const endsAtUs = arrival === undefined ? atUs + GIVEN_UP_US : arrival.atUs + delayUs;
    const acknowledgedAtUs = Number.NEGATIVE_INFINITY;
    this.#byFlow.set(flow, { sequence, arrival, leavesAtUs, endsAtUs, acknowledgedAtUs });
  }

  /** Sequence number of the SYN whose handshake a flow is in; undefined where it is in none. */
  awaited(flow: number, atUs: number): number | undefined {
    const handshake = this.#byFlow.get(flow);
    if (handshake === undefined) return undefined;
    if (atUs < handshake.endsAtUs) return handshake.sequence;
    this.#byFlow.delete(flow);
    return undefined;
  }

  /** Whether the target acknowledges the first SYN of a flow once more, and notes that it does. */
  acknowledges(flow: number, atUs: number): boolean {
    const handshake = this.#byFlow.get(flow);
    if (handshake === undefined) return false;
    if (atUs < handshake.acknowledgedAtUs + ACKNOWLEDGE_EVERY_US) return false;
    handshake.acknowledgedAtUs = atUs;
    return true;
  }

  /** An acknowledgment got through: the reset that it draws arrives, and nothing is repeated. */
  reset(flow: number, atUs: number): void {
    const handshake = this.#byFlow.get(flow);
    if (handshake === undefined || atUs >= handshake.endsAtUs) return;
    handshake.endsAtUs = atUs;
    const { arrival, leavesAtUs } = handshake;
    if (arrival !== undefined && leavesAtUs > atUs) arrival.isCalledOff = true;
  }
}
