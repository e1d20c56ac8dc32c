/** The options of a multipath search as a program gives them, checked and completed. */

import type { SearchSettings } from '../../algorithms/multipath/search.ts';
import type { FlowField, PathsProtocol } from '../../model/paths-record.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { choiceOption } from '../calls/choice-option.ts';
import { MEASUREMENT_KINDS, type MeasurementOptions } from '../calls/measurement-options.ts';
import { integerOption, ratioOption } from '../calls/number-option.ts';
import { type OptionKinds, requireFamily, requireKinds } from '../calls/option-kinds.ts';

/** How to search; every field has a default. */
export interface PathsOptions extends MeasurementOptions {
  /** `udp` unless told. */
  readonly protocol?: PathsProtocol;
  /** What tells flows apart: `source-port` unless told, and `checksum` with ICMP. */
  readonly flowField?: FlowField;
  /** Destination port, the first one where it varies: 33434 for UDP and 443 for TCP unless told. */
  readonly port?: number;
  /** Source port or ICMP identifier, the first one where it varies; 33000 unless told. */
  readonly sourcePort?: number;
  /** `mda` unless told; `mda-lite` spares probes on even diamonds. */
  readonly algorithm?: 'mda' | 'mda-lite';
  /** Probability of having found every one of several equal branches, within (0, 1); 0.95. */
  readonly confidence?: number;
  /** What it is promised of: the whole `graph` unless told, or each `balancer`. */
  readonly confidenceOf?: 'graph' | 'balancer';
  /** 1 to 255; 30 unless told. */
  readonly maxTtl?: number;
  /** Flows at most, 1 to 16384; 1024 unless told. */
  readonly flowsMax?: number;
  /** Probes at most; 20 000 unless told. */
  readonly maxProbes?: number;
  /** 100 to 86 400 000; 60 000 unless told. */
  readonly maxTimeMs?: number;
  /** Silent hops in a row behind which nobody is looked for, 1 to 30; 4 unless told. */
  readonly gapLimit?: number;
  /** TOS or traffic class, 0 to 255; 0 unless told. */
  readonly tos?: number;
  /** Probes a second in all; 2000 unless told. */
  readonly rate?: number;
  /** Probes a second towards one interface; 100 unless told. */
  readonly ratePerInterface?: number;
  /** Whether to find out which interfaces are one router, in the time left; false unless told. */
  readonly aliases?: boolean;
}

/** The same, complete. */
export interface CompletePathsOptions {
  readonly protocol: PathsProtocol;
  readonly flowField: FlowField;
  /** Of ICMP the first checksum. */
  readonly port: number;
  readonly sourcePort: number;
  readonly settings: SearchSettings;
  readonly tos: number;
  readonly rates: PacerRates;
  readonly seed: number;
}

const FIELDS: Readonly<Record<PathsProtocol, readonly FlowField[]>> = {
  udp: ['source-port', 'destination-port', 'flow-label'],
  tcp: ['source-port', 'destination-port', 'flow-label'],
  icmp: ['checksum', 'flow-label'],
};
const PORTS = { udp: 33_434, tcp: 443, icmp: 1 } as const;

const KINDS: OptionKinds<Required<PathsOptions>> = {
  ...MEASUREMENT_KINDS,
  protocol: 'string',
  flowField: 'string',
  port: 'number',
  sourcePort: 'number',
  algorithm: 'string',
  confidence: 'number',
  confidenceOf: 'string',
  maxTtl: 'number',
  flowsMax: 'number',
  maxProbes: 'number',
  maxTimeMs: 'number',
  gapLimit: 'number',
  tos: 'number',
  rate: 'number',
  ratePerInterface: 'number',
  aliases: 'boolean',
};

/** @throws {RangeError} naming the option, its value and its range */
export function completePathsOptions(options: PathsOptions): CompletePathsOptions {
  requireKinds<PathsOptions>(options, KINDS);
  requireFamily(options.family);
  const { protocol = 'udp' } = options;
  const fields = choiceOption('protocol', FIELDS, protocol);
  const flowField = options.flowField ?? fields[0] ?? 'source-port';
  if (!fields.includes(flowField)) {
    throw new RangeError(`flowField must be one of ${fields.join(', ')} with ${protocol}`);
  }
  if (protocol === 'icmp' && options.port !== undefined) {
    throw new RangeError('port must be left out with protocol icmp, which has none');
  }
  const confidence = ratioOption('confidence', options.confidence, 0.95);
  const flowsMax = integerOption('flowsMax', options.flowsMax, {
    preset: 1024,
    min: 1,
    max: 16_384,
  });
  const ports = { min: 1, max: 65_535 };
  const sourcePort = integerOption('sourcePort', options.sourcePort, { preset: 33_000, ...ports });
  const port = integerOption('port', options.port, { preset: PORTS[protocol], ...ports });
  requireRoom('sourcePort', flowField === 'source-port' ? sourcePort + flowsMax : 0, flowsMax);
  requireRoom('port', flowField === 'destination-port' ? port + flowsMax : 0, flowsMax);
  const { algorithm = 'mda', confidenceOf = 'graph' } = options;
  choiceOption('algorithm', { mda: true, 'mda-lite': true }, algorithm);
  choiceOption('confidenceOf', { graph: true, balancer: true }, confidenceOf);
  return {
    protocol,
    flowField,
    port,
    sourcePort,
    settings: {
      algorithm,
      failureProbability: 1 - confidence,
      promisedFor: confidenceOf,
      maxTtl: integerOption('maxTtl', options.maxTtl, { preset: 30, min: 1, max: 255 }),
      flowsMax,
      maxProbes: integerOption('maxProbes', options.maxProbes, {
        preset: 20_000,
        min: 1,
        max: 1e7,
      }),
      maxTimeUs:
        1000 *
        integerOption('maxTimeMs', options.maxTimeMs, { preset: 60_000, min: 100, max: 86.4e6 }),
      gapLimit: integerOption('gapLimit', options.gapLimit, { preset: 4, min: 1, max: 30 }),
    },
    tos: integerOption('tos', options.tos, { preset: 0, min: 0, max: 255 }),
    rates: {
      total: integerOption('rate', options.rate, { preset: 2000, min: 1, max: 1e6 }),
      perInterface: integerOption('ratePerInterface', options.ratePerInterface, {
        preset: 100,
        min: 1,
        max: 1e6,
      }),
    },
    seed: integerOption('seed', options.seed, {
      preset: Math.floor(Math.random() * 2 ** 32),
      min: 0,
      max: 2 ** 32 - 1,
    }),
  };
}

function requireRoom(name: string, end: number, flows: number): void {
  if (end <= 65_536) return;
  throw new RangeError(`${name} must be at most ${65_536 - flows} with flowsMax ${flows}`);
}
