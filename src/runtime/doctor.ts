/**
 * Tries out what this machine permits: sockets of every kind are opened and closed again, nothing
 * is sent and nothing changed.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { formatIpAddress, type IpFamily, parseIpAddress } from '../lib/ip-address.ts';
import { reasonOf } from '../lib/reason.ts';
import { assemble } from '../native/bpf.ts';
import { checked, libc } from '../native/libc.ts';
import {
  IP_RECVERR,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPV6_RECVERR,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from '../native/linux-abi.ts';
import { icmpLines } from '../native/reply-filters.ts';
import { attachFilter, openSocket, setOption } from '../native/socket.ts';
import { SystemCallError, UnsupportedPlatformError } from '../native/system-error.ts';
import { processStatus } from './host/process-status.ts';
import { PING_GRANT } from './host/raw-socket-advice.ts';
import { sourceAddressFor } from './host/source-address.ts';

/** Whether something works here, and if not, why. */
export interface Ability {
  readonly works: boolean;
  /** Empty when it works. */
  readonly why: string;
}

/** Kinds of sockets and what they can do, in one family. */
export interface FamilyAbilities {
  readonly family: IpFamily;
  /** A route to the internet; local networks may be reachable without one. */
  readonly route: Ability;
  readonly rawSockets: Ability;
  readonly filter: Ability;
  readonly timestamps: Ability;
  readonly pingSockets: Ability;
  readonly errorQueue: Ability;
}

/** A value of the kernel's, or of this process, and what it means where that is not plain. */
export interface HostFact {
  readonly name: string;
  readonly value: string;
  /** Empty when there is nothing to worry about. */
  readonly warning: string;
}

/** A way to measure, from the strongest to the weakest. */
export interface Rung {
  readonly name: string;
  readonly works: boolean;
  readonly proves: string;
  /** Commands that can use it. */
  readonly commands: readonly string[];
}

/** What `fantrace doctor` found out. */
export interface Diagnosis {
  readonly platform: string;
  readonly families: readonly FamilyAbilities[];
  readonly facts: readonly HostFact[];
  readonly rungs: readonly Rung[];
}

const NOTHING_OPEN: Ability = { works: false, why: 'no such socket can be opened' };
/** Addresses for documentation would have no route anywhere; these are DNS root servers. */
const FAR_AWAY: Readonly<Record<IpFamily, string>> = { 4: '198.41.0.4', 6: '2001:503:ba3e::2:30' };
const RECEIVE_BUFFER_WANTED = 4 * 2 ** 20;
const RMEM_WANTED = `net.core.rmem_max=${RECEIVE_BUFFER_WANTED}`;
const SYSCTL = '/proc/sys/net/';

/** Examines this host; takes well under a second. */
export async function diagnose(): Promise<Diagnosis> {
  const families = ([4, 6] as const).map(abilitiesOf);
  return {
    platform: `Node ${process.version} on ${process.platform} ${process.arch}`,
    families,
    facts: [...processFacts(), ...kernelFacts(), await firewallFact()],
    rungs: rungsOf(families),
  };
}

function abilitiesOf(family: IpFamily): FamilyAbilities {
  const icmp = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  const errors =
    family === 4
      ? { level: SOL_IP, name: IP_RECVERR, label: 'IP_RECVERR' }
      : { level: SOL_IPV6, name: IPV6_RECVERR, label: 'IPV6_RECVERR' };
  const times = { level: SOL_SOCKET, name: SO_TIMESTAMPNS, label: 'SO_TIMESTAMPNS' };
  const raw = { family, type: SOCK_RAW, protocol: icmp };
  const datagrams = { family, type: SOCK_DGRAM, protocol: 0 };
  const program = assemble(icmpLines(family, [IPPROTO_TCP], { low: 1, high: 1 }));
  const rawSockets = tryOut(raw, () => {});
  return {
    family,
    route: routeAbility(family),
    rawSockets,
    filter: rawSockets.works ? tryOut(raw, (fd) => attachFilter(fd, program)) : NOTHING_OPEN,
    timestamps: tryOut(datagrams, (fd) => setOption(fd, times, 1)),
    pingSockets: tryOut({ family, type: SOCK_DGRAM, protocol: icmp }, () => {}),
    errorQueue: tryOut(datagrams, (fd) => setOption(fd, errors, 1)),
  };
}

function tryOut(
  socket: { readonly family: IpFamily; readonly type: number; readonly protocol: number },
  use: (fd: number) => void,
): Ability {
  try {
    const fd = openSocket(socket, use);
    checked('close', libc().close(fd));
    return { works: true, why: '' };
  } catch (error) {
    if (error instanceof SystemCallError) return { works: false, why: whyRefused(error, socket) };
    if (error instanceof UnsupportedPlatformError) return { works: false, why: error.message };
    throw error;
  }
}

function whyRefused({ code, message }: SystemCallError, { type }: { type: number }): string {
  if (code !== 'EPERM' && code !== 'EACCES') return message;
  if (type === SOCK_RAW) return `${code}: CAP_NET_RAW is missing`;
  const range = sysctl('ipv4/ping_group_range') ?? 'unknown';
  const groups = [process.getegid?.() ?? '?', ...(process.getgroups?.() ?? [])];
  const own = [...new Set(groups)].join(', ');
  const setting = `net.ipv4.ping_group_range (${range})`;
  return `${code}: no group of this process (${own}) is within ${setting}: ${PING_GRANT}`;
}

function routeAbility(family: IpFamily): Ability {
  const destination = parseIpAddress(FAR_AWAY[family]) ?? new Uint8Array();
  try {
    formatIpAddress(sourceAddressFor(destination));
    return { works: true, why: '' };
  } catch (error) {
    return { works: false, why: reasonOf(error) };
  }
}

function processFacts(): HostFact[] {
  const status = processStatus();
  const uid = process.geteuid?.();
  return [
    { name: 'user', value: uid === 0 ? 'root' : String(uid), warning: '' },
    { name: 'effective capabilities', value: status.get('CapEff') ?? 'unknown', warning: '' },
    {
      name: 'no new privileges',
      value: status.get('NoNewPrivs') === '1' ? 'yes' : 'no',
      warning:
        status.get('NoNewPrivs') === '1' ? 'sudo and file capabilities have no effect here' : '',
    },
  ];
}

function kernelFacts(): HostFact[] {
  const buffer = Number(sysctl('core/rmem_max') ?? Number.NaN);
  const strict = ['all', 'default'].some((name) => sysctl(`ipv4/conf/${name}/rp_filter`) === '1');
  return [
    {
      name: 'net.core.rmem_max',
      value: Number.isNaN(buffer) ? 'unknown' : String(buffer),
      warning:
        buffer < RECEIVE_BUFFER_WANTED
          ? `bursts of replies may be lost without CAP_NET_ADMIN: sysctl ${RMEM_WANTED}`
          : '',
    },
    {
      name: 'net.ipv4.conf.all.rp_filter',
      value: sysctl('ipv4/conf/all/rp_filter') ?? 'unknown',
      warning: strict
        ? 'with several uplinks, replies that come in by another one are dropped'
        : '',
    },
    {
      name: 'net.ipv4.ping_group_range',
      value: sysctl('ipv4/ping_group_range') ?? 'unknown',
      warning: '',
    },
  ];
}

/**
 * The kernel answers the target's SYN-ACKs with RST, since no connection is meant; where a rule
 * drops those, the target is left with half-open connections.
 */
async function firewallFact(): Promise<HostFact> {
  const name = 'firewall rules on output';
  try {
    const { stdout } = await promisify(execFile)('nft', ['-j', 'list', 'ruleset'], {
      timeout: 2000,
    });
    const dropping = droppingRules(stdout);
    const warning = 'probes, or the RST that ends what they begin, may be dropped by this host';
    return {
      name,
      value: dropping === 0 ? 'none that drops' : `${dropping} that drop`,
      warning: dropping === 0 ? '' : warning,
    };
  } catch {
    return { name, value: 'unknown (nft is missing, or may not be asked)', warning: '' };
  }
}

/** Rules of chains on output that drop or reject. @param json what `nft -j list ruleset` prints */
export function droppingRules(json: string): number {
  const { nftables } = JSON.parse(json) as {
    nftables: readonly {
      chain?: { table: string; name: string; family: string; hook?: string; policy?: string };
      rule?: { table: string; chain: string; family: string; expr: readonly object[] };
    }[];
  };
  const chains = nftables.flatMap(({ chain }) => (chain?.hook === 'output' ? [chain] : []));
  const policies = chains.filter(({ policy }) => policy === 'drop').length;
  const rules = nftables.filter(
    ({ rule }) =>
      rule?.expr.some((each) => 'drop' in each || 'reject' in each) &&
      chains.some(
        ({ table, name, family }) =>
          table === rule.table && name === rule.chain && family === rule.family,
      ),
  );
  return policies + rules.length;
}

function rungsOf(families: readonly FamilyAbilities[]): Rung[] {
  const some = (ability: (family: FamilyAbilities) => Ability): boolean =>
    families.some((family) => ability(family).works);
  return [
    {
      name: 'raw sockets',
      works: some(({ rawSockets }) => rawSockets),
      proves: 'which link or router loses packets, on every path, over TCP as connections see it',
      commands: ['isolate', 'paths', 'trace'],
    },
    {
      name: 'UDP sockets with an error queue',
      works: some(({ errorQueue }) => errorQueue),
      proves: 'which routers lie on a path, without any right; not what TCP gets to see',
      commands: ['trace', 'paths'],
    },
    {
      name: 'ping sockets',
      works: some(({ pingSockets }) => pingSockets),
      proves: 'which routers ICMP echoes pass, that the target answers, and how fast',
      commands: ['trace --icmp', 'paths --protocol icmp'],
    },
    {
      name: 'simulated networks and recordings',
      works: true,
      proves: 'nothing about your network; what fantrace would say about one you describe',
      commands: ['isolate --simulate', 'simulate', 'analyze'],
    },
  ];
}

function sysctl(name: string): string | undefined {
  return read(`${SYSCTL}${name}`)?.trim().replaceAll('\t', ' ');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
