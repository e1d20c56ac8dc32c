/** Which address a target's name stands for. */

import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { familyOf, type IpFamily, parseIpAddress } from '../../lib/ip-address.ts';

export interface ResolvedTarget {
  /** 4 or 16 bytes, network order. */
  readonly address: Uint8Array;
  /** Interface index of a zone id, for link-local addresses. */
  readonly scopeId: number | undefined;
  /** Further addresses of the name that would do as well, in the order of the system. */
  readonly others: readonly string[];
}

/** The target has no address that would do. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
  readonly code = 'UNKNOWN_HOST';
}

/**
 * Resolves an address literal (`192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, `fe80::1%eth0`) or a
 * name.
 *
 * @param family which addresses will do; undefined for either, in the order of the system
 * @throws {TargetError} when there is no such host, or none of that family
 */
export async function resolveTarget(
  target: string,
  family: IpFamily | undefined,
): Promise<ResolvedTarget> {
  const { literal, zone } = literalOf(target);
  if (literal === undefined) return { ...(await lookUp(target, family)), scopeId: undefined };
  if (family !== undefined && familyOf(literal) !== family) {
    throw new TargetError(`${target} is not an IPv${family} address: leave out -${family}`);
  }
  const scopeId = zone === undefined ? undefined : await scopeIdOf(zone);
  return { address: literal, scopeId, others: [] };
}

/** The family of an address literal; undefined for a name. */
export function literalFamily(target: string): IpFamily | undefined {
  const { literal } = literalOf(target);
  return literal && familyOf(literal);
}

function literalOf(target: string): { literal: Uint8Array | undefined; zone: string | undefined } {
  const [text = '', zone] = (/^\[(.*)\]$/.exec(target)?.[1] ?? target).split('%');
  return { literal: parseIpAddress(text), zone };
}

async function lookUp(
  name: string,
  family: IpFamily | undefined,
): Promise<Pick<ResolvedTarget, 'address' | 'others'>> {
  if (!/^[\p{L}\p{N}_.-]{1,253}$/u.test(name) || endsInNumber(name)) {
    const message = `${JSON.stringify(name)} is neither an address nor a host name`;
    throw new TargetError(`${message}${hostAlone(name)}`);
  }
  try {
    const [first, ...others] = await lookup(name, { family: family ?? 0, all: true });
    const address = parseIpAddress(first?.address.split('%')[0] ?? '');
    if (address !== undefined) return { address, others: others.map((each) => each.address) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const kind = family === undefined ? 'address' : `IPv${family} address`;
    throw new TargetError(
      `no ${kind} is known for the host ${name} (${code}): check its spelling and the DNS`,
    );
  }
  throw new TargetError(`the host ${name} has an address that cannot be read`);
}

/** What to write for a URL, or for a host with its port; empty for what is neither. */
function hostAlone(name: string): string {
  const found = /^(?:[a-z][a-z\d+.-]*:\/\/)?(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?(?:\/.*)?$/i.exec(name);
  const [, host, port] = found ?? [];
  const isUrl = name.includes('://');
  if (host === undefined || (!isUrl && port === undefined)) return '';
  return `: name the host alone, ${host}, and its port by the flag for that`;
}

/**
 * What ends in a number is an address or a mistake, never a host of the DNS (WHATWG URL, "ends in a
 * number"). The C library would read 10.1 as 10.0.0.1 and 010.0.0.1 as 8.0.0.1.
 */
function endsInNumber(name: string): boolean {
  return /(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(name);
}

async function scopeIdOf(zone: string): Promise<number> {
  if (/^\d+$/.test(zone)) return Number(zone);
  try {
    if (!/^[\w.:@-]{1,15}$/.test(zone)) throw new RangeError('no interface has such a name');
    return Number(await readFile(`/sys/class/net/${zone}/ifindex`, 'utf8'));
  } catch {
    throw new TargetError(`there is no network interface ${JSON.stringify(zone)}: see \`ip link\``);
  }
}
