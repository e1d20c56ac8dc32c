/**
 * The targets of a sweep: a prefix, a file or standard input of addresses and prefixes, without
 * those that are excluded. Beyond private networks a list of exclusions is a must, since whoever
 * does not want to be probed has no other way to say so.
 */

import { createReadStream, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  type AddressRange,
  AddressSet,
  parseAddressRange,
  prefixesIn,
  rangesWithout,
} from '../../lib/address-ranges.ts';
import type { IpFamily } from '../../lib/ip-address.ts';
import { PrefixList } from '../../lib/prefix-list.ts';
import { reasonOf } from '../../lib/reason.ts';
import { asInvokingUser } from '../host/privileges.ts';

/** Targets that cannot be read, or may not be probed. */
export class SweepTargetsError extends Error {
  override readonly name = 'SweepTargetsError';
  readonly code: 'TARGETS_UNREADABLE' | 'EXCLUSIONS_MISSING' | 'NO_TARGETS';

  constructor(code: SweepTargetsError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** What to probe. */
export interface SweepTargets {
  readonly set: AddressSet;
  /** Addresses that were given and are not probed. */
  readonly excluded: number;
}

export interface TargetRequest {
  /** A prefix, an address, a file, or `-` for standard input; or a list of the first two. */
  readonly from: string | readonly string[];
  /** Files of addresses and prefixes. */
  readonly excludeFiles: readonly string[];
  /** Addresses and prefixes. */
  readonly exclude: readonly string[];
  /** Undefined for that of the first target. */
  readonly family: IpFamily | undefined;
  /** Whether nothing leaves this process. */
  readonly isSimulated: boolean;
}

/**
 * Networks without strangers: private, shared, loopback, link-local and unique local addresses
 * (RFC 1918, RFC 6598, RFC 4193, RFC 3927), and those for documentation and benchmarks.
 */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '198.18.0.0/15',
  '::1',
  'fc00::/7',
  'fe80::/10',
  '2001:db8::/32',
].map(rangeOf);

/** What no file is called by chance: addresses, prefixes, and what they are when mistyped. */
const LOOKS_LIKE_RANGE = /^(?:[\d.]+|[\da-f:.]*:[\da-f:.]*)(?:\/\d*|-[\da-f:.]+)?$/i;

/** What is no host: "this network", multicast, reserved and broadcast. */
const NEVER = ['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::', 'ff00::/8'].map(rangeOf);

/** Why there is no host in a prefix of them. */
const ONLY_NEVER = 'has multicast and reserved addresses alone, which are never probed';

/**
 * Reads the targets.
 *
 * @throws {SweepTargetsError} TARGETS_UNREADABLE with file and line; EXCLUSIONS_MISSING; NO_TARGETS
 */
export async function readSweepTargets(request: TargetRequest): Promise<SweepTargets> {
  const { from, excludeFiles, exclude, isSimulated } = request;
  const given = await rangesFrom(from);
  const family = request.family ?? given.firstFamily ?? 4;
  if (given.of(family === 4 ? 6 : 4).size > 0 && request.family === undefined) {
    const message = 'the targets are of both families: choose one with -4 or -6';
    throw new SweepTargetsError('TARGETS_UNREADABLE', message);
  }
  const wanted = given.of(family);
  const excluded = new GivenRanges().with(exclude.map((text) => requiredRange(text, '--exclude')));
  for (const file of excludeFiles) await readRanges(file, excluded);
  const isListed = exclude.length + excludeFiles.length > 0;
  if (!isSimulated && !isListed) requirePrivate(wanted);
  const never = new GivenRanges().with(NEVER).of(family);
  const hosts = { [Symbol.iterator]: () => rangesWithout(wanted, never) };
  const kept = { [Symbol.iterator]: () => rangesWithout(hosts, excluded.of(family)) };
  if (isEmpty(kept)) {
    const name = typeof from === 'string' ? from : 'the list';
    const why =
      isEmpty(hosts) && !isEmpty(wanted)
        ? ONLY_NEVER
        : `has none of IPv${family} that is not excluded`;
    throw new SweepTargetsError('NO_TARGETS', `no targets: ${name} ${why}`);
  }
  const set = new AddressSet(kept);
  return { set, excluded: sizeOf(wanted) - set.size };
}

/** Ranges of both families as they are read. */
class GivenRanges {
  firstFamily: IpFamily | undefined;
  readonly #lists = { 4: new PrefixList(4), 6: new PrefixList(6) };

  add(range: AddressRange): void {
    this.firstFamily ??= range.family;
    for (const prefix of prefixesIn(range)) this.#lists[range.family].add(prefix);
  }

  with(ranges: readonly AddressRange[]): this {
    for (const range of ranges) this.add(range);
    return this;
  }

  of(family: IpFamily): PrefixList {
    return this.#lists[family];
  }
}

async function rangesFrom(from: TargetRequest['from']): Promise<GivenRanges> {
  if (typeof from === 'string' && !LOOKS_LIKE_RANGE.test(from)) return readRanges(from);
  const texts = typeof from === 'string' ? [from] : from;
  return new GivenRanges().with(texts.map((text) => requiredRange(text, 'target')));
}

/** @throws {SweepTargetsError} EXCLUSIONS_MISSING */
function requirePrivate(ranges: PrefixList): void {
  const harmless = new GivenRanges().with([...PRIVATE, ...NEVER]).of(ranges.family);
  if (rangesWithout(ranges, harmless).next().done) return;
  throw new SweepTargetsError(
    'EXCLUSIONS_MISSING',
    'these targets are beyond private networks, so a list of addresses not to probe is a must: ' +
      'name it with --exclude-file FILE, an address or prefix a line (empty where nobody objects)',
  );
}

/** One address or prefix a line; what follows # is a remark. */
async function readRanges(file: string, into = new GivenRanges()): Promise<GivenRanges> {
  const name = file === '-' ? 'standard input' : file;
  let line = 0;
  try {
    const input = file === '-' ? process.stdin : createReadStream('', { fd: openedByUser(file) });
    const failed = new Promise<never>((_, reject) => input.once('error', reject));
    failed.catch(() => {});
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    const read = (async (): Promise<void> => {
      for await (const each of lines) {
        line++;
        const text = each.replace(/#.*$/, '').trim();
        if (text !== '') into.add(requiredRange(text, () => `${name}, line ${line}`));
      }
    })();
    await Promise.race([read, failed]);
  } catch (error) {
    if (error instanceof SweepTargetsError) throw error;
    const hint = `neither a prefix such as 192.0.2.0/24 nor a file that can be read`;
    throw new SweepTargetsError(
      'TARGETS_UNREADABLE',
      `${JSON.stringify(name)} is ${hint}: ${reasonOf(error)}`,
    );
  }
  return into;
}

/** Errors show what is in a file: under sudo it must be one that the user who called may read. */
function openedByUser(file: string): number {
  return asInvokingUser(() => openSync(file, 'r'));
}

function requiredRange(text: string, where: string | (() => string)): AddressRange {
  const range = parseAddressRange(text);
  if (typeof range !== 'string') return range;
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  throw new SweepTargetsError(
    'TARGETS_UNREADABLE',
    `${typeof where === 'string' ? where : where()}: ${shown} ${range}`,
  );
}

function rangeOf(text: string): AddressRange {
  return requiredRange(text, 'built-in list');
}

function isEmpty(ranges: Iterable<AddressRange>): boolean {
  return ranges[Symbol.iterator]().next().done === true;
}

function sizeOf(ranges: Iterable<AddressRange>): number {
  let size = 0;
  for (const { first, last } of ranges) size += Number(last - first) + 1;
  return size;
}
