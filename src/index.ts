/** The public surface of fantrace. */

export type { IpFamily } from './lib/ip-address.ts';
export type { AsOrigin } from './model/as-origin.ts';
export type { IsolateRecord } from './model/isolate-record.ts';
export type {
  FlowField,
  PathsAliases,
  PathsBalancer,
  PathsDiamond,
  PathsFlow,
  PathsLink,
  PathsPlace,
  PathsProtocol,
  PathsRecord,
  PathsStopReason,
  RoundTrips,
} from './model/paths-record.ts';
export type { InterfaceInfo, MatchKey, ReplyKind } from './model/probe.ts';
export type { SweepRecord, SweepReplyRecord, SweepStrategy } from './model/sweep-record.ts';
export type {
  TraceHopRecord,
  TraceLabel,
  TraceProtocol,
  TraceRecord,
  TraceReply,
  TraceRung,
  TraceStar,
  TraceStopReason,
} from './model/trace-record.ts';
export type { Place, Suspect, VerdictKind } from './model/verdict.ts';
export type { MeasurementCall } from './runtime/calls/measurement-call.ts';
export {
  type FantraceError,
  type FantraceErrorCode,
  isFantraceError,
} from './runtime/error-code.ts';
export {
  type IsolateCall,
  type IsolateCallOptions as IsolateOptions,
  type IsolateEvent,
  isolate,
} from './runtime/isolate/isolate-call.ts';
export {
  type PathsCall,
  type PathsEvent,
  type PathsOptions,
  paths,
} from './runtime/paths/paths.ts';
export {
  type SweepCall,
  type SweepEvent,
  sweep,
} from './runtime/sweep/sweep-call.ts';
export type { SweepOptions } from './runtime/sweep/sweep-options.ts';
export {
  type TraceCall,
  type TraceEvent,
  type TraceOptions,
  trace,
} from './runtime/trace/trace.ts';
export { type Connection, connectionOf, parseUnmapped } from './watch/connection.ts';
export { metaline } from './watch/files/metaline.ts';
export {
  type NativeKind,
  type NativeMethod,
  NativeTracer,
  type NativeTracerOptions,
} from './watch/native-tracer.ts';
export { Paris, type ParisOptions } from './watch/scamper/paris.ts';
export { Scamper, type ScamperOptions } from './watch/scamper/scamper.ts';
export { ScamperDaemon, type ScamperDaemonOptions } from './watch/scamper/scamper-daemon.ts';
export type { ScamperTask } from './watch/scamper/scamper-task.ts';
export { TraceCache, type TraceCacheOptions } from './watch/trace-cache.ts';
export {
  TraceFailure,
  type TraceFailureCode,
  type TraceRequest,
  type TraceResult,
  type Tracer,
  type TracerName,
} from './watch/tracer.ts';
