/**
 * Raw sockets on the real kernel: a prober, a router and a target in three namespaces in a row,
 * whose router and target are the kernel's own. Needs root and a compiled dist/.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PEER = fileURLToPath(new URL('./fixtures/raw-link-peer.mjs', import.meta.url));

/** Names start with this test's own prefix, so that nothing else on the host is touched. */
const PREFIX = `fn${process.pid}`;
const PROBER = `${PREFIX}p`;
const ROUTER = `${PREFIX}r`;
const TARGET = `${PREFIX}t`;
const NAMESPACES = [PROBER, ROUTER, TARGET];

const ADDRESSES = {
  4: { prober: '10.0.1.1', router: '10.0.1.2', target: '10.0.2.2', unrouted: '192.0.2.1' },
  6: { prober: 'fd00:1::1', router: 'fd00:1::2', target: 'fd00:2::2', unrouted: '2001:db8::1' },
} as const;

const PORTS = { low: 40000, high: 40049 };
const PROBES = PORTS.high - PORTS.low + 1;

/** More than the largest receive buffer that is asked for holds. */
const BUFFER_PROBES = 60_000;

const TINY_QUEUE = ['tbf', 'rate', '8kbit', 'burst', '600', 'limit', '600'];

/** Capabilities that a process is started without. */
type Capability = 'net_admin' | 'net_raw';

beforeAll(() => {
  for (const namespace of NAMESPACES) run('ip', 'netns', 'add', namespace);
  const pair = ['type', 'veth', 'peer', 'name'];
  run('ip', '-n', PROBER, 'link', 'add', 'near', ...pair, 'near', 'netns', ROUTER);
  run('ip', '-n', TARGET, 'link', 'add', 'far', ...pair, 'far', 'netns', ROUTER);
  addAddresses(PROBER, 'near', ['10.0.1.1/24', 'fd00:1::1/64', 'fe80::1/64']);
  addAddresses(ROUTER, 'near', ['10.0.1.2/24', 'fd00:1::2/64', 'fe80::2/64']);
  addAddresses(ROUTER, 'far', ['10.0.2.1/24', 'fd00:2::1/64', 'fe80::1/64']);
  addAddresses(TARGET, 'far', ['10.0.2.2/24', 'fd00:2::2/64', 'fe80::2/64']);
  run('ip', '-n', PROBER, 'route', 'add', '10.0.2.0/24', 'via', '10.0.1.2');
  run('ip', '-n', PROBER, '-6', 'route', 'add', 'fd00:2::/64', 'via', 'fd00:1::2');
  run('ip', '-n', TARGET, 'route', 'add', '10.0.1.0/24', 'via', '10.0.2.1');
  run('ip', '-n', TARGET, '-6', 'route', 'add', 'fd00:1::/64', 'via', 'fd00:2::1');
  inNamespace(ROUTER, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  // Without its limits on errors: per type and peer, and (IPv6 heeds it too) over all.
  inNamespace(ROUTER, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0');
  inNamespace(ROUTER, 'sysctl', '-qw', 'net.ipv4.icmp_msgs_per_sec=10000000');
  inNamespace(ROUTER, 'sysctl', '-qw', 'net.ipv4.icmp_msgs_burst=10000000');
  nft(ROUTER, 'add table inet count');
  nft(ROUTER, 'add chain inet count in { type filter hook prerouting priority 0; }');
  nft(ROUTER, 'add rule inet count in tcp flags syn tcp dport 443 counter');
});

afterAll(() => {
  for (const namespace of NAMESPACES) tryRun('ip', 'netns', 'delete', namespace);
});

describe.each([4, 6] as const)('a raw link of IPv%i', (family) => {
  const { prober, router, target, unrouted } = ADDRESSES[family];
  const probes = { target, ports: PORTS };

  it('gets time exceeded from the router and resets from the target, whole and in time', () => {
    const before = countAtRouter();
    const { replies, counters, notes, wakeUps } = peer({
      experiment: 'answers',
      ...probes,
      ttls: [1, 2],
    });
    expect(countAtRouter() - before).toBe(2 * PROBES);
    expect(counters).toEqual({
      socketDrops: 0,
      wrongChecksums: 0,
      clockSteps: 0,
      truncated: 0,
      unaddressed: 0,
    });
    expect(notes).toEqual([]);
    expect(wakeUps).toBeGreaterThan(0);
    const timeExceeded = { protocol: family === 4 ? 1 : 58, type: family === 4 ? 11 : 3 };
    const reset = { protocol: 6, type: 0x14 };
    expect(
      replies.filter(isLike({ from: router, to: prober, ttl: 64, ...timeExceeded })),
    ).toHaveLength(PROBES);
    expect(replies.filter(isLike({ from: target, to: prober, ttl: 63, ...reset }))).toHaveLength(
      PROBES,
    );
    expect(replies).toHaveLength(2 * PROBES);
    for (const { rttUs, isSound } of replies) {
      expect(isSound).toBe(true);
      expect(rttUs).toBeGreaterThanOrEqual(0);
      expect(rttUs).toBeLessThan(1_000_000);
    }
  });

  it('leaves by the device it is told', () => {
    const { replies } = peer({ experiment: 'answers', ...probes, ttls: [1], device: 'near' });
    expect(replies).toHaveLength(PROBES);
  });

  it('hears nothing of what others probe', () => {
    const otherPorts = { low: 41000, high: 41049 };
    const result = peer({ experiment: 'overheard', ...probes, otherPorts, ttls: [1, 2] });
    expect(result).toEqual({ heard: 0, heardByOther: 2 * PROBES });
  });

  it('loses none of 10,000 replies that wait in its buffer', () => {
    const burst = peer({ experiment: 'burst', ...probes, ttl: 1, count: 10_000 });
    expect(burst).toMatchObject({ accepted: 10_000, received: 10_000, socketDrops: 0 });
  });

  it('counts every reply that finds its buffer full, and says why that was small', () => {
    const request = { experiment: 'burst', ...probes, ttl: 1, count: BUFFER_PROBES };
    const { accepted, received, socketDrops, notes } = peer(request, { without: ['net_admin'] });
    expect(accepted).toBe(BUFFER_PROBES);
    expect(socketDrops).toBeGreaterThan(0);
    expect(received + socketDrops).toBe(accepted);
    const isGranted = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8')) >= 16 * 2 ** 20;
    expect(notes).toEqual(isGranted ? [] : [expect.stringContaining('net.core.rmem_max')]);
  });

  it('survives garbage collections, and links that come and go', () => {
    const { received, grownBytes } = peer({
      experiment: 'soak',
      ...probes,
      ttl: 1,
      count: 2000,
      links: 20,
    });
    expect(received).toBe(40_000);
    expect(grownBytes).toBeLessThan(16 * 2 ** 20);
  });

  it('reports which packet the kernel refused, and why', () => {
    nft(PROBER, 'add table inet refuse');
    nft(PROBER, 'add chain inet refuse out { type filter hook output priority 0; }');
    nft(PROBER, 'add rule inet refuse out tcp sport 40007 drop');
    const report = peer({ experiment: 'refused', ...probes, ttl: 1 });
    nft(PROBER, 'delete table inet refuse');
    expect(report).toEqual({ accepted: 7, error: 'EPERM' });
  });

  it('reports packets that a full queue drops', () => {
    run('tc', '-n', PROBER, 'qdisc', 'add', 'dev', 'near', 'root', ...TINY_QUEUE);
    const report = peer({ experiment: 'refused', ...probes, ttl: 1 });
    run('tc', '-n', PROBER, 'qdisc', 'delete', 'dev', 'near', 'root');
    expect(report.accepted).toBeLessThan(PROBES);
    expect(report.error).toBe('ENOBUFS');
  });

  it('makes an exception in the callback an uncaught one, once', () => {
    const result = peer({ experiment: 'careless', ...probes });
    expect(result).toEqual({ message: 'careless', wakeUps: 1 });
  });

  it('says how to get the capability that it lacks', () => {
    const result = peer(
      { experiment: 'burst', ...probes, ttl: 1, count: 1 },
      { without: ['net_raw'] },
    );
    expect(result.code).toBe('RAW_SOCKET_DENIED');
    expect(result.message).toContain('CAP_NET_RAW');
  });

  it('takes its source address from the route', () => {
    expect(peer({ experiment: 'routes', target })).toEqual({ source: prober });
    const { code, message } = peer({ experiment: 'routes', target: unrouted });
    expect(code).toBe('NO_ROUTE');
    expect(message).toContain(unrouted);
  });

  it('names a device that does not exist', () => {
    const { code, message } = peer({ experiment: 'routes', target, device: 'nosuch0' });
    expect(code).toBe('NO_ROUTE');
    expect(message).toContain('nosuch0');
  });

  it('reserves ports, skipping those that others hold', () => {
    const request = { experiment: 'reserve', family, first: 42000, count: 3, inUse: 42001 };
    expect(peer(request)).toEqual({
      mine: { ports: [42000, 42002, 42003], skipped: [42001] },
      theirs: { ports: [42004, 42005, 42006], skipped: [42000, 42001, 42002, 42003] },
      after: { ports: [42000, 42002, 42003], skipped: [42001] },
    });
  });

  it('reserves none when the last port comes first', () => {
    const result = peer({ experiment: 'reserve', family, first: 65534, count: 3, inUse: 42001 });
    expect(result.code).toBe('PORTS_UNAVAILABLE');
  });
});

describe.each([4, 6] as const)('a raw link of IPv%i with a receive ring', (family) => {
  const { prober, router, target } = ADDRESSES[family];
  const probes = { target, ports: PORTS, ring: true };

  it('gets the same, some of it with a checksum that no device has finished', () => {
    const { replies, counters } = peer({ experiment: 'answers', ...probes, ttls: [1, 2] });
    expect(counters).toMatchObject({ socketDrops: 0, wrongChecksums: 0, truncated: 0 });
    expect(replies.filter(isLike({ from: router, to: prober, ttl: 64 }))).toHaveLength(PROBES);
    expect(replies.filter(isLike({ from: target, to: prober, ttl: 63 }))).toHaveLength(PROBES);
    expect(replies).toHaveLength(2 * PROBES);
    for (const { rttUs } of replies) {
      expect(rttUs).toBeGreaterThanOrEqual(0);
      expect(rttUs).toBeLessThan(1_000_000);
    }
  });

  it('has a frame for each of 65,536 replies, and counts those that find none', () => {
    const request = { experiment: 'burst', ...probes, ttl: 1 };
    const without = ['net_admin'] as const; // which raw sockets need for room
    expect(peer({ ...request, count: 65_500 }, { without })).toMatchObject({
      received: 65_500,
      socketDrops: 0,
    });
    expect(peer({ ...request, count: 70_000 }, { without })).toMatchObject({
      received: 65_536,
      socketDrops: 70_000 - 65_536,
    });
  });

  it('survives garbage collections, and links that come and go', () => {
    const request = { experiment: 'soak', ...probes, ttl: 1, count: 1000, links: 10 };
    const { received, grownBytes } = peer(request);
    expect(received).toBe(10_000);
    expect(grownBytes).toBeLessThan(16 * 2 ** 20);
  });

  it('calls for nothing after its device went down', () => {
    run('ip', '-n', PROBER, 'link', 'add', 'spare', 'type', 'veth', 'peer', 'name', 'spare-peer');
    run('ip', '-n', PROBER, 'link', 'set', 'spare', 'up');
    const ring = Number(inNamespace(PROBER, 'cat', '/sys/class/net/spare/ifindex'));
    const down = ['ip', 'link', 'set', 'spare', 'down'];
    const { wakeUps } = peer({ experiment: 'downed', ...probes, ring, down, turns: 100 });
    run('ip', '-n', PROBER, 'link', 'delete', 'spare');
    expect(wakeUps).toBeGreaterThan(0);
    expect(wakeUps).toBeLessThan(5);
  });

  it('gets what comes by another device than that of the ring', () => {
    const [loopback, ttls] = [1, [1, 2]];
    const { replies } = peer({ experiment: 'answers', ...probes, ring: loopback, ttls });
    expect(replies).toHaveLength(2 * PROBES);
  });
});

describe('a raw link to a link-local address', () => {
  it('needs its interface', () => {
    const probes = { target: 'fe80::2', ports: PORTS };
    expect(peer({ experiment: 'refused', ...probes, ttl: 64 }).code).toBe('NO_ROUTE');
    const scopeId = Number(inNamespace(PROBER, 'cat', '/sys/class/net/near/ifindex'));
    const { replies } = peer({ experiment: 'answers', ...probes, ttls: [64], scopeId });
    expect(replies.filter(isLike({ from: 'fe80::2', to: 'fe80::1' }))).toHaveLength(PROBES);
  });
});

/** Whether a reply has these fields. */
function isLike(fields: Record<string, unknown>): (reply: Record<string, unknown>) => boolean {
  return (reply) => Object.entries(fields).every(([name, value]) => reply[name] === value);
}

/** Runs the fixture in the prober's namespace: it must end by itself. */
// biome-ignore lint/suspicious/noExplicitAny: what each experiment returns is in the fixture
function peer(request: object, { without = [] }: { without?: readonly Capability[] } = {}): any {
  const dropped = without.map((capability) => `-${capability}`).join(',');
  const caps = dropped === '' ? [] : ['setpriv', '--bounding-set', dropped, '--inh-caps', dropped];
  const node = [process.execPath, '--expose-gc', PEER, JSON.stringify(request)];
  return JSON.parse(inNamespace(PROBER, ...caps, ...node));
}

/** SYNs that the router has seen, counted by nftables. */
function countAtRouter(): number {
  const rules = inNamespace(ROUTER, 'nft', 'list', 'table', 'inet', 'count');
  return Number(/packets (\d+)/.exec(rules)?.[1]);
}

function addAddresses(namespace: string, device: string, addresses: readonly string[]): void {
  for (const address of addresses) {
    const duplicateDetection = address.includes(':') ? ['nodad'] : [];
    run('ip', '-n', namespace, 'address', 'add', address, 'dev', device, ...duplicateDetection);
  }
  run('ip', '-n', namespace, 'link', 'set', device, 'addrgenmode', 'none', 'up');
  run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
}

function nft(namespace: string, command: string): void {
  inNamespace(namespace, 'nft', command);
}

function inNamespace(namespace: string, ...command: readonly string[]): string {
  return run('ip', 'netns', 'exec', namespace, ...command);
}

function run(file: string, ...args: readonly string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', timeout: 30_000 });
}

function tryRun(file: string, ...args: readonly string[]): void {
  try {
    run(file, ...args);
  } catch {
    // Nothing to delete when the lab never came up.
  }
}
