/** The options of a sweep as a program gives them, checked and completed. Nothing is clamped. */

import type { SweepStrategy } from '../../model/sweep-record.ts';
import type { SweepProtocol } from '../../probing/sweep/sweep-packet.ts';
import { choiceOption } from '../calls/choice-option.ts';
import { MEASUREMENT_KINDS, type MeasurementOptions } from '../calls/measurement-options.ts';
import { integerOption, ratioOption } from '../calls/number-option.ts';
import { type OptionKinds, requireFamily, requireKinds } from '../calls/option-kinds.ts';
import { outputKindOf } from './sweep-output.ts';
import type { SweepSettings } from './sweep-settings.ts';

/** How to sweep; every field has a default. */
export interface SweepOptions extends Omit<MeasurementOptions, 'names' | 'asDatabase'> {
  /** `stop-set` unless told, and `every-ttl` where `flows` are. */
  readonly strategy?: SweepStrategy;
  /** Flows a target, 1 to 1024: 1 unless told. With `multipath` the most a hop may cost: 64. */
  readonly flows?: number;
  /** Of `multipath`: of missing no equal branch, within (0, 1); 0.95 unless told. */
  readonly confidence?: number;
  /** 1 to 32; 1 unless told. */
  readonly minTtl?: number;
  /** 1 to 32; 32 unless told. */
  readonly maxTtl?: number;
  /** Of `stop-set`: TTL at which it begins, 1 to 32; 16 unless told. */
  readonly splitTtl?: number;
  /** Of `stop-set`: silent TTLs in a row behind which a target is given up, 1 to 32; 5. */
  readonly gapLimit?: number;
  /** The part of the targets to probe, `index` from 1 to `of`, 999 999 at most; needs a `seed`. */
  readonly shard?: { readonly index: number; readonly of: number };
  /** Addresses and prefixes not to probe. */
  readonly exclude?: readonly string[];
  /** Files of them, one a line. These or `exclude` are a must beyond private networks. */
  readonly excludeFile?: readonly string[];
  /** `udp` unless told. */
  readonly protocol?: SweepProtocol;
  /** Destination port: 33434 for UDP and 443 for TCP unless told; ICMP has none. */
  readonly port?: number;
  /** Source port or ICMP identifier of the first flow; 33000 unless told. */
  readonly sourcePort?: number;
  /** Probes a second in all, 1 to 1 000 000; 1000 unless told. */
  readonly rate?: number;
  /** Probes a second to a /24, in IPv6 a /48, 1 to 1 000 000; 100 unless told. */
  readonly perPrefix?: number;
  /** Replies a second asked of one router, 1 to 1 000 000; 100 unless told. */
  readonly perInterface?: number;
  /** How long the last replies are awaited, 100 to 4000; 1000 unless told. */
  readonly timeoutMs?: number;
  /** Stops after about so many, 1 to 10^12; as many as it takes unless told. */
  readonly maxProbes?: number;
  /** Where to write every reply: `.jsonl`, `.jsonl.gz`, or `.parquet`, a folder. */
  readonly output?: string;
  /** A file to note there what is done; the same call then goes on from there. */
  readonly checkpoint?: string;
  /** `raw`: as the kernel routes, unless told; `packet`: faster, straight to gateways. */
  readonly send?: 'raw' | 'packet';
  /**
   * `raw`: by sockets, behind the firewall of this host, unless told; `ring`: from memory shared
   * with the kernel, before that firewall, with room for 65,536 replies whatever rights there are.
   */
  readonly receive?: 'raw' | 'ring';
  /**
   * Threads that send, each a part of the targets, with `flows` source ports of its own; 1 to 64.
   * Unless told there is 1, and it is that of the caller.
   */
  readonly senders?: number;
}

/** The same, complete. */
export interface CompleteSweepOptions {
  /** All but the seed, which a checkpoint may tell. */
  readonly settings: Omit<SweepSettings, 'seed'>;
  readonly seed: number | undefined;
  readonly sendsFrames: boolean;
  readonly receivesByRing: boolean;
  readonly senders: number;
}

/** Of ICMP the checksum of flow 0: others follow, and none is 0 or 0xffff. */
const ICMP_CHECKSUM = 0x4000;
const PORTS = { udp: 33_434, tcp: 443, icmp: ICMP_CHECKSUM } as const;
const STRATEGIES = {
  'stop-set': 'stop-set',
  'every-ttl': 'every-ttl',
  multipath: 'multipath',
} as const;
const MULTIPATH_FLOWS = 64;
const PORT_MAX = 65_535;
const PORT = { min: 1, max: PORT_MAX };
const TTL = { min: 1, max: 32 };
const RATE = { min: 1, max: 1_000_000 };
const SHARDS_MAX = 999_999;

/** A sweep looks up neither. */
const { names: _, asDatabase: __, ...SHARED_KINDS } = MEASUREMENT_KINDS;
const KINDS: OptionKinds<Required<SweepOptions>> = {
  ...SHARED_KINDS,
  strategy: 'string',
  flows: 'number',
  confidence: 'number',
  minTtl: 'number',
  maxTtl: 'number',
  splitTtl: 'number',
  gapLimit: 'number',
  shard: 'object',
  exclude: 'list',
  excludeFile: 'list',
  protocol: 'string',
  port: 'number',
  sourcePort: 'number',
  rate: 'number',
  perPrefix: 'number',
  perInterface: 'number',
  timeoutMs: 'number',
  maxProbes: 'number',
  output: 'string',
  checkpoint: 'string',
  send: 'string',
  receive: 'string',
  senders: 'number',
};

/** @throws {RangeError} naming the option, its value and its range */
export function completeSweepOptions(options: SweepOptions): CompleteSweepOptions {
  requireKinds<SweepOptions>(options, KINDS);
  requireFitting(options);
  const confidence = ratioOption('confidence', options.confidence, 0.95);
  const { flows: givenFlows } = options;
  const preset = givenFlows === undefined ? 'stop-set' : 'every-ttl';
  const strategy = choiceOption<SweepStrategy>('strategy', STRATEGIES, options.strategy ?? preset);
  const protocol = choiceOption<SweepProtocol>(
    'protocol',
    { udp: 'udp', icmp: 'icmp', tcp: 'tcp' },
    options.protocol ?? 'udp',
  );
  const flows = integerOption('flows', givenFlows, {
    preset: strategy === 'multipath' ? MULTIPATH_FLOWS : 1,
    min: 1,
    max: 1024,
  });
  const settings = {
    protocol,
    port: integerOption('port', options.port, { preset: PORTS[protocol], ...PORT }),
    sourcePort: integerOption('sourcePort', options.sourcePort, { preset: 33_000, ...PORT }),
    strategy,
    flows,
    ...pathLimitsOf(options),
    failureProbability: 1 - confidence,
    shard: shardOf(options),
    ...paceOf(options),
    isSimulated: options.simulate !== undefined,
  };
  const senders = integerOption('senders', options.senders, { preset: 1, min: 1, max: 64 });
  requireRoom(settings, senders);
  const seeds = { preset: 0, min: 0, max: 2 ** 32 - 1 };
  return {
    settings,
    seed: options.seed === undefined ? undefined : integerOption('seed', options.seed, seeds),
    sendsFrames: options.send === 'packet',
    receivesByRing: options.receive === 'ring',
    senders,
  };
}

function requireFitting(options: SweepOptions): void {
  const { protocol, port, family, simulate, send = 'raw', receive = 'raw', output } = options;
  if (protocol === 'icmp' && port !== undefined) {
    throw new RangeError('port must be left out with protocol icmp, which has none');
  }
  choiceOption('send', { raw: true, packet: true }, send);
  choiceOption('receive', { raw: true, ring: true }, receive);
  requireFamily(family);
  for (const name of ['source', 'interface', 'send', 'receive'] as const) {
    if (simulate === undefined || options[name] === undefined) continue;
    throw new RangeError(`${name} must be left out with simulate, which sends nothing`);
  }
  if (send === 'packet' && options.interface !== undefined) {
    throw new RangeError('interface must be left out with send packet: gateways have their own');
  }
  for (const name of ['exclude', 'excludeFile'] as const) {
    const list: unknown = options[name] ?? [];
    if (Array.isArray(list) && list.every((each) => typeof each === 'string')) continue;
    throw new RangeError(`${name} must be a list of strings`);
  }
  if (output !== undefined) outputKindOf(output);
}

function pathLimitsOf(
  options: SweepOptions,
): Pick<SweepSettings, 'minTtl' | 'maxTtl' | 'splitTtl' | 'gapLimit'> {
  const limits = {
    minTtl: integerOption('minTtl', options.minTtl, { preset: 1, ...TTL }),
    maxTtl: integerOption('maxTtl', options.maxTtl, { preset: 32, ...TTL }),
    splitTtl: integerOption('splitTtl', options.splitTtl, { preset: 16, ...TTL }),
    gapLimit: integerOption('gapLimit', options.gapLimit, { preset: 5, ...TTL }),
  };
  if (limits.minTtl <= limits.maxTtl) return limits;
  throw new RangeError(`minTtl must be at most maxTtl ${limits.maxTtl}, got ${limits.minTtl}`);
}

function paceOf(options: SweepOptions): Pick<SweepSettings, 'rates' | 'timeoutUs' | 'maxProbes'> {
  const { maxProbes } = options;
  return {
    rates: {
      total: integerOption('rate', options.rate, { preset: 1000, ...RATE }),
      perPrefix: integerOption('perPrefix', options.perPrefix, { preset: 100, ...RATE }),
      perInterface: integerOption('perInterface', options.perInterface, { preset: 100, ...RATE }),
    },
    timeoutUs:
      1000 * integerOption('timeoutMs', options.timeoutMs, { preset: 1000, min: 100, max: 4000 }),
    maxProbes:
      maxProbes === undefined
        ? Number.POSITIVE_INFINITY
        : integerOption('maxProbes', maxProbes, { preset: 1, min: 1, max: 1e12 }),
  };
}

/** As settings have it: `index` from 0 up. */
function shardOf({ shard, seed }: SweepOptions): SweepSettings['shard'] {
  if (shard === undefined) return { index: 0, of: 1 };
  const of = integerOption('shard.of', shard.of ?? Number.NaN, {
    preset: 1,
    min: 1,
    max: SHARDS_MAX,
  });
  const index = integerOption('shard.index', shard.index ?? Number.NaN, {
    preset: 1,
    min: 1,
    max: of,
  });
  if (seed === undefined) throw new RangeError('shard needs seed, the same for all shards');
  return { index: index - 1, of };
}

function requireRoom(
  { strategy, flows, sourcePort }: Pick<SweepSettings, 'strategy' | 'flows' | 'sourcePort'>,
  senders: number,
): void {
  if (strategy === 'stop-set' && flows > 1) {
    throw new RangeError(
      'flows must be left out with strategy stop-set: every-ttl and multipath have several',
    );
  }
  const ports = flows * senders;
  if (sourcePort + ports - 1 <= PORT_MAX) return;
  const most = PORT_MAX + 1 - ports;
  throw new RangeError(`sourcePort must be at most ${most} with ${ports} flows of all senders`);
}
