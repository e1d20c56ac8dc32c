/** The options of `isolate` as a program gives them, checked and completed. Nothing is clamped. */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import { probeLengthMin } from '../../probing/flow.ts';
import { choiceOption } from '../calls/choice-option.ts';
import { MEASUREMENT_KINDS, type MeasurementOptions } from '../calls/measurement-options.ts';
import { integerOption, ratioOption } from '../calls/number-option.ts';
import { type OptionKinds, requireFamily, requireKinds } from '../calls/option-kinds.ts';
import {
  CLASSES_MAX,
  DEFAULT_PORT,
  ECHO_MAX,
  FLOWS_IN_ALL_MAX,
  FLOWS_MAX,
  PACKET_BYTES_MAX,
  PACKET_BYTES_MIN,
  PER_INTERFACE,
  PORT_MAX,
  SEED_MAX,
} from './isolate-limits.ts';
import type { IsolateOptions } from './isolate-run.ts';
import { classRequests, type FlowLabel } from './probed-flows.ts';

/** How to isolate loss; every field has a default. */
export interface IsolateCallOptions extends MeasurementOptions {
  /** `tcp` unless told. */
  readonly protocol?: IsolateProtocol;
  /** Destination port: 22 for TCP and 33434 for UDP unless told; ICMP has none. */
  readonly port?: number;
  /** Flows to each target, 1 to 4096; 64 unless told. */
  readonly flows?: number;
  /** The first source port or ICMP identifier, 1 to 65535; 32768 unless told. */
  readonly sourcePort?: number;
  /** These source ports and no others, 1 to 4096, in the place of `flows` and `sourcePort`. */
  readonly sourcePorts?: readonly number[];
  /** IPv6: one for all flows, 0 to 0xfffff, or another for each: `vary`, unless told. */
  readonly flowLabel?: FlowLabel;
  /** 1 unless told. */
  readonly minTtl?: number;
  /** Up to 255; 30 unless told. */
  readonly maxTtl?: number;
  /** Probes a second in all, 1 to 100 000; 2000 unless told. */
  readonly rate?: number;
  /** Lengths of whole probes, 28 to 9216, to be compared; as short as possible unless told. */
  readonly packetBytes?: readonly number[];
  /** TOS or traffic class, 0 to 255, to be compared; 0 unless told. At most 16 with each length. */
  readonly tos?: readonly number[];
  /** Probes at most, 1 to 10 000 000; 30 000 unless told. */
  readonly maxProbes?: number;
  /** 100 to 86 400 000; 60 000 unless told. */
  readonly maxTimeMs?: number;
  /** Probability that a statement must have, within (0, 1); 0.95 unless told. */
  readonly confidence?: number;
  /** Losses below this ratio are of no interest, within (0, 1); 0.002 unless told. */
  readonly minLoss?: number;
  /** A clean run is over when this loss is ruled out on every link, within (0, 1); 0.02. */
  readonly exclude?: number;
}

/** The same, complete, as far as it does not hang on the targets. */
export interface CompleteIsolateOptions {
  readonly settings: Omit<IsolateOptions, 'targetNames' | 'simulated'> & {
    readonly protocol: IsolateProtocol;
  };
  readonly flows: number;
  readonly sourcePort: number;
  readonly givenPorts: readonly number[] | undefined;
}

const KINDS: OptionKinds<Required<IsolateCallOptions>> = {
  ...MEASUREMENT_KINDS,
  protocol: 'string',
  port: 'number',
  flows: 'number',
  sourcePort: 'number',
  sourcePorts: 'list',
  flowLabel: 'number or string',
  minTtl: 'number',
  maxTtl: 'number',
  rate: 'number',
  packetBytes: 'list',
  tos: 'list',
  maxProbes: 'number',
  maxTimeMs: 'number',
  confidence: 'number',
  minLoss: 'number',
  exclude: 'number',
};
const PROTOCOLS = { tcp: 'tcp', udp: 'udp', icmp: 'icmp' } as const;
const TTLS = { min: 1, max: 255 };
const LABEL_MAX = 0xfffff;

/**
 * @param targets how many are named
 * @throws {RangeError} naming the option, its value and its range
 */
export function completeIsolateOptions(
  options: IsolateCallOptions,
  targets: number,
): CompleteIsolateOptions {
  requireKinds<IsolateCallOptions>(options, KINDS);
  requireFamily(options.family);
  const protocol = choiceOption<IsolateProtocol>('protocol', PROTOCOLS, options.protocol ?? 'tcp');
  requireFitting(options, protocol);
  const { packetBytes, tos = [0], flowLabel = 'vary' } = options;
  requireList('tos', tos, { min: 0, max: 255, count: CLASSES_MAX });
  if (packetBytes !== undefined) {
    const sizes = { min: PACKET_BYTES_MIN, max: PACKET_BYTES_MAX, count: CLASSES_MAX };
    requireList('packetBytes', packetBytes, sizes);
  }
  if (flowLabel !== 'vary') {
    integerOption('flowLabel', flowLabel, { preset: 0, min: 0, max: LABEL_MAX });
  }
  const classes = classRequests(packetBytes, tos);
  if (classes.length > CLASSES_MAX) {
    const message = `packetBytes and tos make ${classes.length} classes, more than ${CLASSES_MAX}`;
    throw new RangeError(message);
  }
  const ports = sourcePortsOf(options, protocol);
  const inAll = ports.flows * classes.length * Math.max(1, targets);
  if (inAll > FLOWS_IN_ALL_MAX) {
    throw new RangeError(`flows make ${inAll} in all, more than ${FLOWS_IN_ALL_MAX}`);
  }
  const settings = { ...limitsOf(options), protocol, classes, flowLabel, tos: tos[0] ?? 0 };
  return { settings, ...ports };
}

/**
 * Refuses what targets of that family cannot be asked.
 *
 * @throws {RangeError} naming the option
 */
export function requireOfFamily(
  { settings: { protocol, flowLabel, classes = [] } }: CompleteIsolateOptions,
  family: IpFamily,
): void {
  if (family === 4 && flowLabel !== 'vary') {
    throw new RangeError('flowLabel must be left out over IPv4, which has none');
  }
  const shortest = probeLengthMin(protocol, family);
  for (const { packetBytes = shortest } of classes) {
    if (packetBytes >= shortest) continue;
    const kind = `with ${protocol} over IPv${family}`;
    throw new RangeError(`packetBytes must be at least ${shortest} ${kind}, got ${packetBytes}`);
  }
}

function requireFitting(options: IsolateCallOptions, protocol: IsolateProtocol): void {
  const { port, simulate } = options;
  if (protocol === 'icmp' && port !== undefined) {
    throw new RangeError('port must be left out with protocol icmp, which has none');
  }
  integerOption('port', port, { preset: DEFAULT_PORT[protocol], min: 1, max: PORT_MAX });
  for (const name of ['source', 'interface'] as const) {
    if (simulate === undefined || options[name] === undefined) continue;
    throw new RangeError(`${name} must be left out with simulate, which sends nothing`);
  }
}

function sourcePortsOf(
  options: IsolateCallOptions,
  protocol: IsolateProtocol,
): Pick<CompleteIsolateOptions, 'flows' | 'sourcePort' | 'givenPorts'> {
  const last = protocol === 'icmp' ? ECHO_MAX : PORT_MAX;
  const { sourcePorts } = options;
  if (sourcePorts !== undefined) {
    if (options.flows !== undefined || options.sourcePort !== undefined) {
      throw new RangeError('sourcePorts must be left out with flows and sourcePort');
    }
    requireList('sourcePorts', sourcePorts, { min: 1, max: last, count: FLOWS_MAX });
    const [sourcePort = 0] = sourcePorts;
    return { flows: sourcePorts.length, sourcePort, givenPorts: sourcePorts };
  }
  const flows = integerOption('flows', options.flows, { preset: 64, min: 1, max: FLOWS_MAX });
  const sourcePort = integerOption('sourcePort', options.sourcePort, {
    preset: 32_768,
    min: 1,
    max: last + 1 - flows,
  });
  return { flows, sourcePort, givenPorts: undefined };
}

function limitsOf(options: IsolateCallOptions) {
  const minTtl = integerOption('minTtl', options.minTtl, { preset: 1, ...TTLS });
  const maxTtl = integerOption('maxTtl', options.maxTtl, { preset: 30, ...TTLS });
  if (minTtl > maxTtl) throw new RangeError(`minTtl, ${minTtl}, is above maxTtl, ${maxTtl}`);
  const times = { preset: 60_000, min: 100, max: 86_400_000 };
  const probes = { preset: 30_000, min: 1, max: 10_000_000 };
  return {
    minTtl,
    maxTtl,
    confidence: ratioOption('confidence', options.confidence, 0.95),
    minLoss: ratioOption('minLoss', options.minLoss, 0.002),
    exclude: ratioOption('exclude', options.exclude, 0.02),
    maxProbes: integerOption('maxProbes', options.maxProbes, probes),
    maxTimeUs: 1000 * integerOption('maxTimeMs', options.maxTimeMs, times),
    total: integerOption('rate', options.rate, { preset: 2000, min: 1, max: 100_000 }),
    perInterface: PER_INTERFACE,
    seed: integerOption('seed', options.seed, {
      preset: Math.floor(Math.random() * (SEED_MAX + 1)),
      min: 0,
      max: SEED_MAX,
    }),
  };
}

function requireList(
  name: string,
  values: readonly number[],
  { min, max, count }: { readonly min: number; readonly max: number; readonly count: number },
): void {
  if (!Array.isArray(values) || values.length === 0 || values.length > count) {
    throw new RangeError(`${name} must be a list of 1 to ${count} numbers, got ${values}`);
  }
  for (const value of values) integerOption(name, value, { preset: min, min, max });
  if (new Set(values).size < values.length) {
    throw new RangeError(`${name} must name each number once, got ${values}`);
  }
}
