/** The options of a trace as a program gives them, checked and completed. Nothing is clamped. */

import type { TraceSettings } from '../../algorithms/trace/trace-options.ts';
import type { TraceProtocol } from '../../model/trace-record.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { choiceOption } from '../calls/choice-option.ts';
import { MEASUREMENT_KINDS, type MeasurementOptions } from '../calls/measurement-options.ts';
import { integerOption } from '../calls/number-option.ts';
import { type OptionKinds, requireFamily, requireKinds } from '../calls/option-kinds.ts';

/** How to trace; every field has a default. */
export interface TraceOptions extends MeasurementOptions {
  /** `udp` keeps one flow for all probes; `udp-classic` counts the port up. `udp` unless told. */
  readonly protocol?: TraceProtocol;
  /** Destination port: 443 for TCP and 33434 for UDP unless told; ICMP has none. */
  readonly port?: number;
  /** The first TTL that is probed, 1 to 255; 1 unless told. */
  readonly firstTtl?: number;
  /** The last one, up to 255; 30 unless told. */
  readonly maxTtl?: number;
  /** Probes at each TTL, 1 to 100; 3 unless told. */
  readonly queries?: number;
  /** Further probes for each that is lost, 0 to 100; 0 unless told. */
  readonly retries?: number;
  /** The longest wait for one reply, 10 to 10 000 milliseconds; 1000 unless told. */
  readonly timeoutMs?: number;
  /** Silent hops in a row that end the trace; 0 for never; 8 unless told. */
  readonly gapLimit?: number;
  /** TTLs under way at a time, 1 to 255; all of them unless told. */
  readonly parallelTtls?: number;
  /** The whole trace may take no longer, in milliseconds; any time unless told. */
  readonly maxTimeMs?: number;
  /** Length of each probe from its IP header on, 28 to 65535; as short as possible unless told. */
  readonly packetBytes?: number;
  /** Source port, ICMP identifier; the first that is free from 33000 on unless told. */
  readonly sourcePort?: number;
  /**
   * Whether `sourcePort` is that of a connection that is there: then it need not be free, and only
   * routers' answers are heard. Probes should end before the target.
   */
  readonly borrowsPort?: boolean;
  /** Mark (SO_MARK) of the probes, for routes and firewalls of this host, 0 to 2^32 − 1. */
  readonly mark?: number;
  /**
   * How it is known when a probe left: `estimated` from our clock before and after the call; told
   * by the `kernel`, which takes a microsecond more for each; or seen in a receive `ring` at the
   * device that probes leave by, where replies are read as well: that is the exactest, and blocks
   * for some 20 ms as it opens and 40 as it closes. `estimated` unless told.
   */
  readonly timestamps?: 'estimated' | 'kernel' | 'ring';
  /** TOS or traffic class, 0 to 255; 0 unless told. */
  readonly tos?: number;
  /** IPv4: whether routers must not cut the probe into fragments; true unless told. */
  readonly dontFragment?: boolean;
  /** IPv6 flow label, 0 to 0xfffff; drawn unless told. */
  readonly flowLabel?: number;
  /** Whether to ask the DNS for them, where there is no database; false unless told. */
  readonly asDns?: boolean;
  /** Probes a second in all, of all traces, 0.1 to 1 000 000; 20 000 unless told. */
  readonly rate?: number;
  /** Probes a second towards one interface, of all traces; 1000 unless told. */
  readonly ratePerInterface?: number;
}

/** The same, complete. */
export interface CompleteTraceOptions {
  readonly protocol: TraceProtocol;
  readonly port: number | null;
  readonly settings: TraceSettings;
  readonly packetBytes: number | undefined;
  readonly sourcePort: number;
  readonly tos: number;
  readonly dontFragment: boolean;
  readonly flowLabel: number;
  readonly seed: number;
  readonly rates: PacerRates;
  readonly mark: number | undefined;
  readonly timestamps: NonNullable<TraceOptions['timestamps']>;
}

const KINDS: OptionKinds<Required<TraceOptions>> = {
  ...MEASUREMENT_KINDS,
  protocol: 'string',
  port: 'number',
  firstTtl: 'number',
  maxTtl: 'number',
  queries: 'number',
  retries: 'number',
  timeoutMs: 'number',
  gapLimit: 'number',
  parallelTtls: 'number',
  maxTimeMs: 'number',
  packetBytes: 'number',
  sourcePort: 'number',
  borrowsPort: 'boolean',
  mark: 'number',
  timestamps: 'string',
  tos: 'number',
  dontFragment: 'boolean',
  flowLabel: 'number',
  asDns: 'boolean',
  rate: 'number',
  ratePerInterface: 'number',
};
const TIMESTAMPS = { estimated: 'estimated', kernel: 'kernel', ring: 'ring' } as const;
const PROTOCOLS: readonly TraceProtocol[] = ['tcp', 'tcp-ack', 'udp', 'udp-classic', 'icmp'];
const DEFAULT_PORTS = {
  tcp: 443,
  'tcp-ack': 443,
  udp: 33_434,
  'udp-classic': 33_434,
  icmp: null,
} as const;
const FIRST_SOURCE_PORT = 33_000;
const TTL_MAX = 255;

/** @throws {RangeError} naming the option, its value and its range */
export function completeTraceOptions(options: TraceOptions): CompleteTraceOptions {
  requireKinds<TraceOptions>(options, KINDS);
  const { protocol = 'udp' } = options;
  requireFamily(options.family);
  if (!PROTOCOLS.includes(protocol)) {
    throw new RangeError(`protocol must be one of ${PROTOCOLS.join(', ')}, got ${protocol}`);
  }
  const { packetBytes } = options;
  if (packetBytes !== undefined) {
    integerOption('packetBytes', packetBytes, { preset: 0, min: 28, max: 65_535 });
  }
  const { mark } = options;
  if (mark !== undefined) integerOption('mark', mark, { preset: 0, min: 0, max: 2 ** 32 - 1 });
  const timestamps = choiceOption('timestamps', TIMESTAMPS, options.timestamps ?? 'estimated');
  if (timestamps === 'ring' && options.borrowsPort === true) {
    throw new RangeError('a receive ring does not go with ports of others: use timestamps kernel');
  }
  const seed = integerOption('seed', options.seed, {
    preset: Math.floor(Math.random() * 2 ** 32),
    min: 0,
    max: 2 ** 32 - 1,
  });
  return {
    protocol,
    port: portFor(protocol, options.port),
    settings: settingsOf(options),
    packetBytes,
    sourcePort: integerOption('sourcePort', options.sourcePort, {
      preset: FIRST_SOURCE_PORT,
      min: 1,
      max: 65_535,
    }),
    tos: integerOption('tos', options.tos, { preset: 0, min: 0, max: 255 }),
    dontFragment: options.dontFragment ?? true,
    flowLabel: integerOption('flowLabel', options.flowLabel, {
      preset: seed & 0xfffff,
      min: 0,
      max: 0xfffff,
    }),
    seed,
    mark,
    timestamps,
    rates: {
      total: rateOption(options.rate),
      perInterface: integerOption('ratePerInterface', options.ratePerInterface, {
        preset: 1000,
        min: 1,
        max: 1_000_000,
      }),
    },
  };
}

function rateOption(rate = 20_000): number {
  if (rate >= 0.1 && rate <= 1_000_000) return rate;
  throw new RangeError(`rate must be a number from 0.1 to 1000000, got ${rate}`);
}

function portFor(protocol: TraceProtocol, port: number | undefined): number | null {
  if (protocol !== 'icmp') {
    return integerOption('port', port, { preset: DEFAULT_PORTS[protocol], min: 0, max: 65_535 });
  }
  if (port === undefined) return null;
  throw new RangeError('port must be left out with protocol icmp, which has none');
}

function settingsOf(options: TraceOptions): TraceSettings {
  const ttls = { min: 1, max: TTL_MAX };
  const firstTtl = integerOption('firstTtl', options.firstTtl, { preset: 1, ...ttls });
  const presetMax = Math.max(30, firstTtl);
  const maxTtl = integerOption('maxTtl', options.maxTtl, { preset: presetMax, ...ttls });
  if (firstTtl > maxTtl) {
    throw new RangeError(`firstTtl, ${firstTtl}, is above maxTtl, ${maxTtl}`);
  }
  const { timeoutMs, maxTimeMs } = options;
  const maxTimes = { preset: Number.POSITIVE_INFINITY, min: 10, max: 86_400_000 };
  return {
    firstTtl,
    maxTtl,
    queries: integerOption('queries', options.queries, { preset: 3, min: 1, max: 100 }),
    retries: integerOption('retries', options.retries, { preset: 0, min: 0, max: 100 }),
    timeoutUs: 1000 * integerOption('timeoutMs', timeoutMs, { preset: 1000, min: 10, max: 10_000 }),
    gapLimit: integerOption('gapLimit', options.gapLimit, { preset: 8, min: 0, max: TTL_MAX }),
    parallelTtls: integerOption('parallelTtls', options.parallelTtls, { preset: TTL_MAX, ...ttls }),
    maxTimeUs: 1000 * integerOption('maxTimeMs', maxTimeMs, maxTimes),
  };
}
