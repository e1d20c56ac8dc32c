/** Writes the record of a trace, and its replies as they come in. */

import type { TraceHop, TraceProbe } from '../../algorithms/trace/trace-probes.ts';
import { familyOf, formatIpAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import { icmpMark } from '../../model/icmp-mark.ts';
import { NO_DETAILS, type ProbeReply, type ReplyDetails } from '../../model/probe.ts';
import { returnLength } from '../../model/return-length.ts';
import {
  isReply,
  isWholeRung,
  type TraceHopRecord,
  type TraceRecord,
  type TraceReply,
  type TraceRung,
  type TraceStar,
} from '../../model/trace-record.ts';
import type { Flow } from '../../probing/flow.ts';
import { decodeMplsEntry } from '../../wire/icmp-extension.ts';
import type { StationParts } from '../links/station-parts.ts';
import { VERSION } from '../version.ts';
import type { CompleteTraceOptions } from './trace-options.ts';
import type { FinishedTrace } from './trace-station.ts';

/** What replies are told with. */
export interface ReplyContext {
  readonly addresses: AddressBook;
  readonly family: 4 | 6;
  /** What there is to tell depends on it. */
  readonly rung: TraceRung;
  /** The wall clock at a monotonic time. */
  readonly wallClock: (monotonicUs: number) => string;
}

/** A wall clock that goes with the run's own, to the microsecond (RFC 3339). */
export function wallClockFrom(startedAt: Date, startedAtUs: number): ReplyContext['wallClock'] {
  const startUs = 1000 * startedAt.getTime();
  let known = { second: Number.NaN, text: '' }; // the calendar is asked once a second
  return (monotonicUs) => {
    const us = startUs + Math.round(monotonicUs - startedAtUs);
    const second = Math.floor(us / 1e6);
    if (second !== known.second) {
      known = { second, text: new Date(1000 * second).toISOString().slice(0, -'000Z'.length) };
    }
    return `${known.text}${String(us - 1e6 * second).padStart(6, '0')}Z`;
  };
}

/** What a probe brought. */
export function outcomeOf(probe: TraceProbe, context: ReplyContext): TraceReply | TraceStar {
  if (probe.reply !== undefined) {
    const reply = replyOf(probe.reply, context);
    return probe.reply.ttl === probe.ttl ? reply : { ...reply, probeTtl: probe.reply.ttl };
  }
  return probe.error === undefined ? { star: true } : { star: true, unsent: probe.error };
}

function replyOf(reply: ProbeReply, context: ReplyContext): TraceReply {
  const { addresses, family, wallClock, rung } = context;
  const isWhole = isWholeRung(rung);
  const details = reply.details ?? NO_DETAILS;
  const isQuoting = isWhole && details.quotedTos >= 0;
  return {
    address: addresses.textOf(reply.responder),
    name: null,
    as: null,
    rttMs: reply.rttUs / 1000,
    sentAt: wallClock(details.sentAtUs),
    sendTime: details.isStamped ? 'kernel' : 'estimated',
    kind: reply.kind,
    isTarget: reply.isTarget,
    icmp: details.icmpType < 0 ? null : icmpOf(reply, details, family),
    tcpFlags: details.tcpFlags < 0 ? null : details.tcpFlags,
    replyTtl: reply.replyTtl,
    replyTos: details.replyTos,
    replyId: details.replyIdentification,
    replyBytes: isWhole ? details.replyBytes : 0,
    returnLength: returnLength(reply.replyTtl),
    quotedTtl: isQuoting ? reply.quotedTtl : null,
    quotedTos: isQuoting ? details.quotedTos : null,
    quotedBytes: isQuoting ? details.quotedBytes : null,
    mpls: reply.mpls.length === 0 ? NO_LABELS : reply.mpls.map(decodeMplsEntry),
    interfaceInfo: details.interfaces.length === 0 ? NO_INTERFACES : interfacesOf(details),
    nat: details.isTranslated,
    matchedBy: details.matchedBy,
  };
}

/** Most replies have neither, and a list for each would be a seventh of its memory. */
const NO_LABELS: TraceReply['mpls'] = Object.freeze([]);
const NO_INTERFACES: TraceReply['interfaceInfo'] = Object.freeze([]);

function interfacesOf({ interfaces }: ReplyDetails): TraceReply['interfaceInfo'] {
  return interfaces.map((each) => ({
    ...each,
    name: each.name === undefined ? undefined : printable(each.name),
  }));
}

function icmpOf({ code }: ProbeReply, { icmpType: type, mtu }: ReplyDetails, family: 4 | 6) {
  return { type, code, mark: icmpMark({ family, type, code, mtu }) };
}

/** What the record of a trace is made of. */
export interface TraceRecordParts {
  readonly targetName: string;
  readonly flow: Flow;
  readonly options: CompleteTraceOptions;
  readonly finished: FinishedTrace;
  readonly station: StationParts;
  readonly context: ReplyContext;
}

/** The whole record, without what has to be looked up. */
export function traceRecordOf(parts: TraceRecordParts): TraceRecord {
  const { targetName, flow, options, finished, station, context } = parts;
  const { trace, startedAtUs, endedAtUs } = finished;
  const { duplicates, foreignReplies, malformed, socketDrops, sendErrors } = finished.spoils;
  const stopReason = trace.stopReason ?? 'aborted';
  const traced = trace.hops;
  const hops = hopsOf(traced, context);
  const probes = traced.flatMap((hop) => hop.probes);
  return {
    schema: 'fantrace.trace/1',
    version: VERSION,
    startedAt: context.wallClock(startedAtUs),
    durationMs: (endedAtUs - startedAtUs) / 1000,
    partial: stopReason === 'aborted' || stopReason === 'timeout',
    target: {
      name: printable(targetName),
      address: formatIpAddress(flow.destination),
      port: options.port,
    },
    source: { address: formatIpAddress(flow.source), port: flow.sourcePort },
    family: familyOf(flow.destination),
    protocol: options.protocol,
    icmpChecksum: options.protocol === 'icmp' ? flow.destinationPort : null,
    rung: station.rung,
    tos: flow.tos,
    packetBytes: flow.lengthBytes,
    firstTtl: options.settings.firstTtl,
    maxTtl: options.settings.maxTtl,
    queries: options.settings.queries,
    retries: options.settings.retries,
    timeoutMs: options.settings.timeoutUs / 1000,
    gapLimit: options.settings.gapLimit,
    asSource: null,
    reached: stopReason === 'reached',
    stopReason,
    hops,
    measurement: {
      probesSent: trace.probesSent,
      repliesReceived: probes.filter(({ reply }) => reply !== undefined).length,
      lateReplies: trace.lateReplies,
      duplicates,
      foreignReplies,
      malformed,
      socketDrops,
      sendErrors,
      notes: station.notes,
    },
  };
}

/** A trace that was ended early says nothing of probes that were not sent, or are still awaited. */
function hopsOf(traced: readonly TraceHop[], context: ReplyContext): TraceHopRecord[] {
  const told = traced.map(({ ttl, probes }) => {
    const settled = probes.filter(({ state }) => OUTCOMES.has(state));
    return { ttl, replies: settled.map((probe) => outcomeOf(probe, context)) };
  });
  const last = told.findLastIndex(({ replies }) => replies.length > 0);
  const silent = [{ star: true }] as const;
  return told
    .slice(0, last + 1)
    .map(({ ttl, replies }) => ({ ttl, replies: replies.length > 0 ? replies : silent }));
}

/** What is lost and replaced is told by what replaced it. */
const OUTCOMES: ReadonlySet<TraceProbe['state']> = new Set(['answered', 'lost', 'unsent']);

/** What was looked up of the addresses in a record. */
export interface LookedUp {
  readonly names: ReadonlyMap<string, string>;
  readonly origins: ReadonlyMap<string, AsOrigin>;
  readonly asSource: TraceRecord['asSource'];
}

/** The record with what was looked up of its addresses. */
export function withLookedUp(
  record: TraceRecord,
  { names, origins, asSource }: LookedUp,
): TraceRecord {
  const named = (reply: TraceReply | TraceStar): TraceReply | TraceStar => {
    if (!isReply(reply)) return reply;
    const name = names.get(reply.address) ?? null;
    return { ...reply, name, as: origins.get(reply.address) ?? null };
  };
  const hops = record.hops.map(({ ttl, replies }) => ({ ttl, replies: replies.map(named) }));
  return { ...record, asSource, hops };
}
