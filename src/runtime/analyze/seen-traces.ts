/**
 * What files of other programs tell, in one form for all of them: probes in the order of sending,
 * and who answered each. Addresses are text, canonical where they are addresses; times are
 * microseconds since 1970.
 */

import type { IsolateProtocol } from '../../model/isolate-record.ts';
import type { ReplyKind } from '../../model/probe.ts';

/** A host by its address or, where a file does not have that, by its name alone. */
export interface SeenHost {
  /** Canonical; undefined where only a name is known. */
  readonly address: string | undefined;
  /** Printable; the address again where there is no name. */
  readonly name: string;
}

/** Who answered a probe, and how. */
export interface SeenAnswer {
  readonly from: SeenHost;
  readonly kind: ReplyKind;
  readonly code: number;
  readonly rttUs: number;
  /** TTL left in it; 0 where nobody noted that. */
  readonly replyTtl: number;
  /** MPLS label stack entries, outermost first. */
  readonly mpls: readonly number[];
}

/** One probe. */
export interface SeenProbe {
  /** 1–255. */
  readonly ttl: number;
  readonly sentAtUs: number;
  /** Undefined where nothing answered. */
  readonly answer: SeenAnswer | undefined;
}

/** Probes of one flow. Several traces of the same flow and target are one flow probed again. */
export interface SeenTrace {
  readonly source: SeenHost;
  readonly target: SeenHost & { readonly port: number | null };
  readonly protocol: IsolateProtocol;
  /** What tells its flow from others of the same protocol between the same hosts. */
  readonly flow: string;
  /** Of ICMP the identifier; where a file has none, what it numbers flows with. */
  readonly sourcePort: number;
  readonly tos: number;
  /** Of whole probes; 0 where nobody noted that. */
  readonly packetBytes: number;
  /** Whether each probe may have taken another path, since not all were of one flow. */
  readonly isMixed: boolean;
  /** Whether the file tells of probes that nobody answered. */
  readonly areLossesTold: boolean;
  /** Whether anybody can send from `sourcePort` again to see the same. */
  readonly isRepeatable: boolean;
  readonly probes: readonly SeenProbe[];
}

/** What was seen beside the probes that a file tells of. */
export interface SeenFile {
  readonly traces: readonly SeenTrace[];
  /** What to know about them, a sentence's part each; nothing twice. */
  readonly notes: readonly string[];
  /** Packets of a capture that answer none of its probes. */
  readonly foreignReplies?: number;
  readonly malformed?: number;
  readonly duplicates?: number;
}

/** Why a file cannot be used, and what to do; the caller names the file. */
export class TraceFileError extends Error {
  override readonly name = 'TraceFileError';
  readonly code: string;

  /** @param code `TRACES_UNREADABLE`, or another that programs can tell from it */
  constructor(message: string, code = 'TRACES_UNREADABLE') {
    super(message);
    this.code = code;
  }
}

/** Probes of all files together; more are refused, as they would not fit into memory. */
export const PROBES_MAX = 4_000_000;

/** Collects the traces of a file, and refuses one that claims more probes than memory holds. */
export class TraceCollector {
  readonly traces: SeenTrace[] = [];
  #probes = 0;

  /** @throws {TraceFileError} beyond `PROBES_MAX` probes in all */
  add(traces: readonly SeenTrace[]): void {
    for (const trace of traces) {
      this.#probes += trace.probes.length;
      if (this.#probes > PROBES_MAX) {
        throw new TraceFileError(`it tells of more than ${PROBES_MAX} probes: cut it`);
      }
      this.traces.push(trace);
    }
  }
}
