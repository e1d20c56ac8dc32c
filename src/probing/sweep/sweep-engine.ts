/**
 * The engine of a sweep, without input or output of its own. It asks a plan for the next probe of a
 * window of targets, paces it, writes it, and forgets it: what comes back names its probe itself.
 *
 * The loop's contract, at every time `nowUs` that never goes back:
 *   1. `handle` each packet that has arrived,
 *   2. `poll` packets into the outbox, send them, `confirm` what went out; again while any came,
 *   3. while `isWindowOver(nowUs)`, `openWindow` another or stop,
 *   4. sleep until `nextDeadlineUs()` or until a packet arrives.
 */

import type { AddressSet } from '../../lib/address-ranges.ts';
import { Uint32Set } from '../../lib/hash-set.ts';
import { isSameAddress } from '../../lib/ip-address.ts';
import { MinHeap } from '../../lib/min-heap.ts';
import type { PacketArena, SendReport } from '../../model/packet-link.ts';
import type { SweepPlan, SweepReply, SweepSink } from '../../model/sweep.ts';
import type { TokenKey } from '../probe-token.ts';
import { newSweepCounters, type SweepCounters } from './sweep-counters.ts';
import { neighbourhoodHashOf, prefixHashOf, SweepPace, type SweepRates } from './sweep-pace.ts';
import { SweepPackets, type SweepProbeShape } from './sweep-packet.ts';
import { SweepReplyReader } from './sweep-reply.ts';
import { SweepTokens } from './sweep-token.ts';

export interface SweepEngineOptions {
  readonly shape: SweepProbeShape;
  readonly targets: AddressSet;
  /** Source ports in use, from `shape.sourcePort` on. */
  readonly flows: number;
  readonly tokenKey: TokenKey;
  readonly rates: SweepRates;
  /** How long a window waits for its last replies, in microseconds. */
  readonly timeoutUs: number;
  /** All of this host: errors that it sends itself are no replies. */
  readonly ownAddresses?: readonly Uint8Array[];
}

/** Targets that are probed together, and in which order. */
export interface SweepWindow {
  readonly plan: SweepPlan;
  readonly slots: number;
  /** Number of the target in a slot. */
  readonly targetOf: (slot: number) => number;
  /** 1 for each slot that a probe was written for. */
  readonly probed: Uint8Array;
  /** Slot of a target; −1 for one of another window. */
  readonly slotOf: (target: number) => number;
}

/** A probe that waits for its prefix or its interface, as one number. */
interface DeferredProbe {
  readonly probe: number;
  readonly dueUs: number;
}

/** Interfaces that are remembered: 64 MiB of them. */
const INTERFACES_MAX = 2 ** 23;
/** Probes that wait for their prefix or interface, at most: then the sweep waits with them. */
const DEFERRED_MAX = 4096;
const PAUSE_US = 1000;
const PAUSES: ReadonlySet<string> = new Set(['ENOBUFS', 'EAGAIN', 'ENOMEM']);
const FLOWS = 4096;
const TTLS = 64;

/** A round gives the replies of the last one time: as long as the slowest took, and more. */
const ROUND_MARGIN = 1.5;
const ROUND_WAIT_MIN_US = 20_000;
const ROUND_WAIT_MAX_US = 1_000_000;

/** All probes of a sweep, of one family. */
export class SweepEngine {
  readonly counters: SweepCounters = newSweepCounters();
  /** By `interfaceHash`. */
  readonly interfaces: Uint32Set = new Uint32Set(INTERFACES_MAX);
  readonly #options: SweepEngineOptions;
  readonly #sink: SweepSink;
  readonly #packets: SweepPackets;
  readonly #reader: SweepReplyReader;
  readonly #pace: SweepPace;
  readonly #deferred = new MinHeap<DeferredProbe>(({ dueUs }, keys, at) => {
    keys[at] = dueUs;
  });
  readonly #polled: number[] = [];
  readonly #address: Uint8Array;
  readonly #probe = { ttl: 0, flow: 0, nowUs: 0 };
  readonly #hashes = { prefixHash: 0, neighbourhoodHash: 0 };
  #window: SweepWindow | undefined;
  #isRoundOver = true;
  #isPlanOver = true;
  #pausedUntilUs = Number.NEGATIVE_INFINITY;
  #roundBeganUs = Number.NEGATIVE_INFINITY;
  #slowestRttUs = 0;
  #lastSentUs = Number.NEGATIVE_INFINITY;
  readonly #writeAddress = (into: Uint8Array, offset: number): void => {
    for (let i = 0; i < this.#address.length; i++) into[offset + i] = this.#address[i] as number;
  };

  constructor(options: SweepEngineOptions, sink: SweepSink) {
    const { shape, flows, tokenKey, rates } = options;
    this.#options = options;
    this.#sink = sink;
    const tokens = new SweepTokens(tokenKey);
    this.#packets = new SweepPackets(shape, tokens);
    this.#reader = new SweepReplyReader(shape, flows, tokens);
    this.#pace = new SweepPace(rates);
    this.#address = new Uint8Array(shape.source.length);
  }

  /** Bytes of each probe. */
  get probeBytes(): number {
    return this.#packets.lengthBytes;
  }

  /** Starts on other targets; replies of those before are late from now on. */
  openWindow(window: SweepWindow, nowUs: number): void {
    this.#window = window;
    this.#isRoundOver = false;
    this.#isPlanOver = false;
    this.#roundBeganUs = nowUs;
  }

  /** Whether all probes of the window are sent, and their replies have had their time. */
  isWindowOver(nowUs: number): boolean {
    if (!this.#isPlanOver) return false;
    return this.#deferred.size === 0 && nowUs >= this.#lastSentUs + this.#options.timeoutUs;
  }

  /** Takes in one received packet, from its IP header on; any bytes will do. */
  handle(packet: Uint8Array, receivedAtUs: number): void {
    const { counters } = this;
    const reading = this.#reader.read(packet, receivedAtUs);
    if (reading === 'malformed') counters.malformed++;
    else if (reading === 'foreign') counters.foreignReplies++;
    else this.#take(this.#reader.reply);
  }

  /** Writes the packets that may leave now into `outbox`; returns how many, 0 for none yet. */
  poll(outbox: PacketArena, nowUs: number): number {
    this.#polled.length = 0;
    if (this.#window === undefined || nowUs < this.#pausedUntilUs) return 0;
    while (this.#polled.length < outbox.slots && this.#pace.totalDueUs <= nowUs) {
      const probe = this.#nextProbe(this.#window, nowUs);
      if (probe < 0) break;
      this.#pace.takeTotal(nowUs);
      this.#probe.ttl = ttlOf(probe);
      this.#probe.flow = flowOf(probe);
      this.#probe.nowUs = nowUs;
      this.#packets.write(outbox, this.#polled.length, this.#probe, this.#writeAddress);
      this.#polled.push(probe);
      this.#window.probed[slotOf(probe)] = 1;
    }
    return this.#polled.length;
  }

  /** Learns what became of the packets of the last `poll`. */
  confirm({ accepted, error }: SendReport, nowUs: number): void {
    const { counters } = this;
    counters.probesSent += accepted;
    if (accepted > 0) this.#lastSentUs = nowUs;
    if (accepted === this.#polled.length) return;
    const reason = error ?? 'UNKNOWN';
    const isPause = PAUSES.has(reason);
    if (isPause) {
      counters.sendPauses++;
      this.#pausedUntilUs = nowUs + PAUSE_US;
    } else {
      counters.sendErrors[reason] = (counters.sendErrors[reason] ?? 0) + 1;
    }
    for (const probe of this.#polled.slice(isPause ? accepted : accepted + 1)) {
      this.#deferred.push({ probe, dueUs: nowUs });
    }
  }

  /** When `poll` or `isWindowOver` will next have something new to say. */
  nextDeadlineUs(nowUs: number): number {
    if (this.#window === undefined) return Number.POSITIVE_INFINITY;
    if (this.#isPlanOver && this.#deferred.size === 0) {
      return this.#lastSentUs + this.#options.timeoutUs;
    }
    const dueUs = Math.max(this.#pausedUntilUs, this.#pace.totalDueUs, this.#heldUntilUs(nowUs));
    return Math.max(dueUs, nowUs + this.#pace.batchUs);
  }

  /** Until when nothing leaves because of its prefix, its interface or its round. */
  #heldUntilUs(nowUs: number): number {
    const held = this.#deferred.peek();
    if (held !== undefined && (this.#isRoundOver || this.#deferred.size >= DEFERRED_MAX)) {
      return held.dueUs;
    }
    if (!this.#isRoundOver || held !== undefined || this.#window === undefined) return nowUs;
    return this.#roundDueUs(this.#window.plan);
  }

  /** A probe that may leave now, with its address in place; −1 for none. */
  #nextProbe(window: SweepWindow, nowUs: number): number {
    const held = this.#deferred.peek();
    if (held !== undefined && held.dueUs <= nowUs) {
      this.#deferred.pop();
      this.#aim(window, held.probe);
      return held.probe;
    }
    while (this.#deferred.size < DEFERRED_MAX && this.#advancePlan(window, nowUs)) {
      const { plan } = window;
      const probe = probeOf(plan.slot, plan.ttl, plan.flow);
      this.#aim(window, probe);
      const dueUs = this.#pace.reserve(this.#hashes, nowUs);
      if (dueUs <= nowUs) return probe;
      this.#deferred.push({ probe, dueUs });
    }
    return -1;
  }

  /** Rounds follow each other once nothing of the last one waits, and its replies are there. */
  #advancePlan({ plan }: SweepWindow, nowUs: number): boolean {
    while (!this.#isPlanOver) {
      if (!this.#isRoundOver) {
        if (plan.next()) return true;
        this.#isRoundOver = true;
      }
      if (this.#deferred.size > 0 || nowUs < this.#roundDueUs(plan)) return false;
      if (!plan.nextRound()) this.#isPlanOver = true;
      else {
        this.#isRoundOver = false;
        this.#roundBeganUs = nowUs;
      }
    }
    return false;
  }

  #roundDueUs({ needsLastReplies }: SweepPlan): number {
    const wantedUs = ROUND_MARGIN * this.#slowestRttUs || ROUND_WAIT_MAX_US;
    const waitUs = Math.min(ROUND_WAIT_MAX_US, Math.max(ROUND_WAIT_MIN_US, wantedUs));
    return waitUs + (needsLastReplies ? this.#lastSentUs : this.#roundBeganUs);
  }

  /** Looks the target's address up, and what its pace depends on. */
  #aim({ targetOf }: SweepWindow, probe: number): void {
    this.#options.targets.writeAddress(targetOf(slotOf(probe)), this.#address, 0);
    this.#hashes.prefixHash = prefixHashOf(this.#address);
    this.#hashes.neighbourhoodHash = neighbourhoodHashOf(this.#address, ttlOf(probe));
  }

  #take(reply: SweepReply): void {
    const { counters } = this;
    const target = this.#options.targets.numberOf(reply.target, 0);
    if (target < 0) {
      counters.foreignReplies++;
      return;
    }
    if (this.#isFromUs(reply)) {
      counters.ownHostErrors++;
      return;
    }
    counters.replies++;
    this.#slowestRttUs = Math.max(this.#slowestRttUs, reply.rttUs);
    if (reply.isTarget) counters.targetReplies++;
    reply.isNewInterface = this.interfaces.add(reply.interfaceHash);
    if (!reply.isTarget) {
      this.#pace.note(neighbourhoodHashOf(reply.target, reply.ttl), reply.interfaceHash);
    }
    reply.slot = this.#window?.slotOf(target) ?? -1;
    if (reply.slot < 0) counters.lateReplies++;
    else this.#window?.plan.replied(reply);
    this.#sink.replied(reply);
  }

  #isFromUs({ kind, responder, target }: SweepReply): boolean {
    if (kind !== 'unreachable') return false;
    const own = this.#options.ownAddresses ?? [];
    return !isSameAddress(responder, target) && own.some((each) => isSameAddress(each, responder));
  }
}

/** A probe as one number, so that queues hold no objects. */
function probeOf(slot: number, ttl: number, flow: number): number {
  return (slot * TTLS + ttl) * FLOWS + flow;
}

function flowOf(probe: number): number {
  return probe % FLOWS;
}

function ttlOf(probe: number): number {
  return Math.floor(probe / FLOWS) % TTLS;
}

function slotOf(probe: number): number {
  return Math.floor(probe / (FLOWS * TTLS));
}
