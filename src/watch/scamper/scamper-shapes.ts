/**
 * The lines of a result file as M-Lab's parsers know them: which keys, in which order, of which
 * kind. `gaplint` is how theirs spells scamper's `gaplimit`. Lists may be null, as Go has them
 * where a key is missing.
 */

import type { GoShape } from './go-json.ts';

/** Line 1. */
export interface MetadataLine {
  readonly UUID: string;
  readonly TracerouteCallerVersion: string;
  readonly CachedResult: boolean;
  readonly CachedUUID: string;
}

interface CycleLine {
  readonly type: string;
  readonly list_name: string;
  readonly id: number;
  readonly hostname: string;
}

export interface CycleStartLine extends CycleLine {
  /** Seconds since 1970. */
  readonly start_time: number;
}

export interface CycleStopLine extends CycleLine {
  /** Seconds since 1970. */
  readonly stop_time: number;
}

interface Time {
  readonly sec: number;
  readonly usec: number;
}

interface Reply {
  readonly rx: Time;
  readonly ttl: number;
  /** Milliseconds. */
  readonly rtt: number;
  readonly icmp_type: number;
  readonly icmp_code: number;
  readonly icmp_q_tos: number;
  readonly icmp_q_ttl: number;
}

interface Probe {
  readonly tx: Time;
  readonly replyc: number;
  readonly ttl: number;
  readonly attempt: number;
  readonly flowid: number;
  readonly replies: readonly Reply[] | null;
}

interface Link {
  readonly addr: string;
  readonly probes: readonly Probe[] | null;
}

interface Node {
  readonly addr: string;
  readonly name: string;
  readonly q_ttl: number;
  readonly linkc: number;
  readonly links: readonly (readonly Link[] | null)[] | null;
}

interface Task {
  readonly type: string;
  readonly version: string;
  readonly userid: number;
  readonly method: string;
  readonly src: string;
  readonly dst: string;
}

/** A trace over all paths. */
export interface TracelbLine extends Task {
  readonly start: Time;
  readonly probe_size: number;
  readonly firsthop: number;
  readonly attempts: number;
  readonly confidence: number;
  readonly tos: number;
  readonly gaplint: number;
  readonly wait_timeout: number;
  readonly wait_probe: number;
  readonly probec: number;
  readonly probec_max: number;
  readonly nodec: number;
  readonly linkc: number;
  readonly nodes: readonly Node[] | null;
}

interface Hop {
  readonly addr: string;
  readonly name: string;
  readonly probe_ttl: number;
  readonly probe_id: number;
  readonly probe_size: number;
  readonly tx: Time;
  /** Milliseconds. */
  readonly rtt: number;
  readonly reply_ttl: number;
  readonly reply_tos: number;
  readonly reply_ipid: number;
  readonly reply_size: number;
  readonly icmp_type: number;
  readonly icmp_code: number;
  readonly icmp_q_ttl: number;
  readonly icmp_q_ipl: number;
  readonly icmp_q_tos: number;
}

/** A trace over one path. */
export interface TraceLine extends Task {
  readonly icmp_sum: number;
  readonly stop_reason: string;
  readonly stop_data: number;
  readonly start: Time;
  readonly hop_count: number;
  readonly attempts: number;
  readonly hoplimit: number;
  readonly firsthop: number;
  readonly wait: number;
  readonly wait_probe: number;
  readonly tos: number;
  readonly probe_size: number;
  readonly probe_count: number;
  readonly hops: readonly Hop[] | null;
}

/** A whole result in one object, as `--output.format json` has it. */
export interface SingleObject {
  readonly Metadata: MetadataLine;
  readonly CycleStart: CycleStartLine;
  readonly Trace: TraceLine;
  readonly CycleStop: CycleStopLine;
}

const TIME: GoShape<Time> = { struct: { sec: 'int64', usec: 'int64' } };
const CYCLE = { type: 'string', list_name: 'string', id: 'float64', hostname: 'string' } as const;

export const METADATA: GoShape<MetadataLine> = {
  struct: {
    UUID: 'string',
    TracerouteCallerVersion: 'string',
    CachedResult: 'bool',
    CachedUUID: 'string',
  },
};

export const CYCLE_START: GoShape<CycleStartLine> = { struct: { ...CYCLE, start_time: 'float64' } };
export const CYCLE_STOP: GoShape<CycleStopLine> = { struct: { ...CYCLE, stop_time: 'float64' } };

const REPLY: GoShape<Reply> = {
  struct: {
    rx: TIME,
    ttl: 'int64',
    rtt: 'float64',
    icmp_type: 'int64',
    icmp_code: 'int64',
    icmp_q_tos: 'int64',
    icmp_q_ttl: 'int64',
  },
};

const PROBE: GoShape<Probe> = {
  struct: {
    tx: TIME,
    replyc: 'int64',
    ttl: 'int64',
    attempt: 'int64',
    flowid: 'int64',
    replies: { list: REPLY },
  },
};

const LINK: GoShape<Link> = { struct: { addr: 'string', probes: { list: PROBE } } };

const NODE: GoShape<Node> = {
  struct: {
    addr: 'string',
    name: 'string',
    q_ttl: 'int64',
    linkc: 'int64',
    links: { list: { list: LINK } },
  },
};

export const TRACELB: GoShape<TracelbLine> = {
  struct: {
    type: 'string',
    version: 'string',
    userid: 'float64',
    method: 'string',
    src: 'string',
    dst: 'string',
    start: TIME,
    probe_size: 'float64',
    firsthop: 'float64',
    attempts: 'float64',
    confidence: 'float64',
    tos: 'float64',
    gaplint: 'float64',
    wait_timeout: 'float64',
    wait_probe: 'float64',
    probec: 'float64',
    probec_max: 'float64',
    nodec: 'float64',
    linkc: 'float64',
    nodes: { list: NODE },
  },
};

const HOP: GoShape<Hop> = {
  struct: {
    addr: 'string',
    name: 'string',
    probe_ttl: 'int32',
    probe_id: 'int32',
    probe_size: 'int32',
    tx: TIME,
    rtt: 'float64',
    reply_ttl: 'int32',
    reply_tos: 'int32',
    reply_ipid: 'int32',
    reply_size: 'int32',
    icmp_type: 'int32',
    icmp_code: 'int32',
    icmp_q_ttl: 'int32',
    icmp_q_ipl: 'int32',
    icmp_q_tos: 'int32',
  },
};

export const TRACE: GoShape<TraceLine> = {
  struct: {
    type: 'string',
    version: 'string',
    userid: 'int32',
    method: 'string',
    src: 'string',
    dst: 'string',
    icmp_sum: 'int32',
    stop_reason: 'string',
    stop_data: 'int32',
    start: TIME,
    hop_count: 'int32',
    attempts: 'int32',
    hoplimit: 'int32',
    firsthop: 'int32',
    wait: 'int32',
    wait_probe: 'int32',
    tos: 'int32',
    probe_size: 'int32',
    probe_count: 'int32',
    hops: { list: HOP },
  },
};

export const SINGLE_OBJECT: GoShape<SingleObject> = {
  struct: { Metadata: METADATA, CycleStart: CYCLE_START, Trace: TRACE, CycleStop: CYCLE_STOP },
};
