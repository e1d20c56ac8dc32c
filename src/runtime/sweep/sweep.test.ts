import { describe, expect, it } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import { SOURCE_PORT, sweepInternet } from '../../../test/support/simulated-sweep.ts';
import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import type { SweepReplyRecord } from '../../model/sweep-record.ts';
import type { InternetMap } from '../../sim/internet/internet-map.ts';
import { uint32At, writeUint32 } from '../../wire/octets.ts';

const PREFIX = '10.1.2.0/24';
const SLOW = { total: 100, perPrefix: 1e6, perInterface: 1e6 };

function numberOf(address: string): number {
  return uint32At(parseIpAddress(address) ?? new Uint8Array(), 0);
}

function addressOf(number: number): string {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, number);
  return formatIpAddress(bytes);
}

/** Who answers a UDP probe to port 33434 without loss; undefined for nobody. */
function truthOf(map: InternetMap, { target, flow, ttl }: SweepReplyRecord): string | undefined {
  const number = numberOf(target);
  const path = map.pathTo(number, (((SOURCE_PORT + flow) << 16) | 33_434) >>> 0);
  const router = path[ttl - 1];
  if (router === undefined) return map.isAlive(number) ? target : undefined;
  return map.isSilent(router >>> 0) ? undefined : addressOf(router >>> 0);
}

function keyOf({ target, flow, ttl }: SweepReplyRecord): string {
  return `${target} ${flow} ${ttl}`;
}

function interfacesOf(replies: readonly SweepReplyRecord[]): Set<string> {
  return new Set(replies.map(({ from }) => from));
}

describe('a sweep of every TTL', () => {
  it('hears from every router that answers, in its place, and from every target', async () => {
    const { record, replies, internet } = await sweepInternet(PREFIX, { flows: 2 });
    for (const reply of replies) expect(reply.from).toBe(truthOf(internet.map, reply));
    const heard = new Set(replies.map(keyOf));
    expect(heard.size).toBe(replies.length);
    for (let last = 0; last < 256; last++) {
      const target = `10.1.2.${last}`;
      const { length } = internet.map.pathTo(numberOf(target), 0);
      for (let ttl = 9; ttl <= length; ttl++) {
        // those before may be quiet
        const probe = { target, flow: 1, ttl } as SweepReplyRecord;
        expect(heard.has(keyOf(probe))).toBe(truthOf(internet.map, probe) !== undefined);
      }
    }
    const alive = Array.from({ length: 256 }, (_, i) =>
      internet.map.isAlive(numberOf(PREFIX.slice(0, -4) + i)),
    );
    expect(record.targets.reached).toBe(alive.filter(Boolean).length);
    expect(record).toMatchObject({ stopReason: 'complete', partial: false });
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0, lateReplies: 0 });
    expect(flawsOf('sweep-1', record)).toEqual([]);
  });

  it.each(['udp', 'icmp', 'tcp'] as const)(
    'knows distance and time of %s probes',
    async (protocol) => {
      const port = protocol === 'icmp' ? 0x4000 : 443;
      const { replies, record } = await sweepInternet(PREFIX, { protocol, port, rates: SLOW });
      expect(record.targets.reached).toBeGreaterThan(100);
      for (const { rttMs, rttExact, ttl } of replies) {
        const leastMs = 2 * Math.min(ttl, 8);
        expect(rttMs).toBeGreaterThanOrEqual(leastMs - (rttExact ? 0 : 3));
        expect(rttMs).toBeLessThan(60);
      }
      expect(replies.some(({ rttExact }) => rttExact)).toBe(protocol !== 'tcp');
    },
  );

  it('stops asking beyond a target that has answered, and where all is known', async () => {
    const { record, replies } = await sweepInternet('10.1.0.0/20', {
      rates: { ...SLOW, total: 10_000 },
    });
    expect(record.probesSaved).toBeGreaterThan(0.4 * 4096 * 32);
    const first = replies.filter(({ ttl }) => ttl === 1).length;
    expect(first).toBeGreaterThan(500);
    expect(first).toBeLessThan(1500);
  });
});

describe('a sweep with a stop set', () => {
  it('finds what every TTL finds, with a quarter of the probes', async () => {
    const settings = { rates: { ...SLOW, total: 5000 } };
    const all = await sweepInternet('10.1.0.0/21', settings);
    const few = await sweepInternet('10.1.0.0/21', { ...settings, strategy: 'stop-set' });
    for (const reply of few.replies) expect(reply.from).toBe(truthOf(few.internet.map, reply));
    const [wanted, found] = [interfacesOf(all.replies), interfacesOf(few.replies)];
    expect([...found].every((each) => wanted.has(each))).toBe(true);
    expect(found.size).toBeGreaterThan(0.99 * wanted.size);
    expect(few.record.targets.reached).toBe(all.record.targets.reached);
    expect(few.record.probesSent).toBeLessThan(0.25 * 2048 * 32);
    // The first routers are on all paths: hardly anybody is asked for them.
    expect(few.replies.filter(({ ttl }) => ttl === 1).length).toBeLessThan(20);
  });
});

describe('a sweep of all paths', () => {
  it('finds every branch before a target', async () => {
    const { replies, internet, record } = await sweepInternet('10.1.2.0/28', {
      strategy: 'multipath',
      flows: 128,
      failureProbability: 0.001,
      rates: { ...SLOW, total: 10_000 },
    });
    for (const reply of replies) expect(reply.from).toBe(truthOf(internet.map, reply));
    const branches = new Set<string>();
    for (let flow = 0; flow < 128; flow++) {
      const hash = (((SOURCE_PORT + flow) << 16) | 33_434) >>> 0;
      for (const router of internet.map.pathTo(numberOf('10.1.2.5'), hash)) {
        if (!internet.map.isSilent(router >>> 0)) branches.add(addressOf(router >>> 0));
      }
    }
    const found = interfacesOf(replies.filter(({ target }) => target === '10.1.2.5'));
    for (const each of branches) expect(found).toContain(each);
    // One flow a hop where there is no balancer: far from all flows at all TTLs.
    expect(record.probesSent).toBeLessThan(16 * 32 * 40);
  });
});

describe('shards and checkpoints', () => {
  it('shards cover all targets, each once', async () => {
    const shards = await Promise.all(
      [0, 1, 2].map((index) => sweepInternet(PREFIX, { shard: { index, of: 3 } })),
    );
    const targets = shards.map(({ replies }) => new Set(replies.map(({ target }) => target)));
    expect(targets.reduce((sum, { size }) => sum + size, 0)).toBe(256);
    expect(new Set(targets.flatMap((each) => [...each])).size).toBe(256);
    expect(shards.map(({ record }) => record.targets.inShard)).toEqual([86, 85, 85]);
  });

  it('counts no target as probed that it had not come to when it was stopped', async () => {
    const { record } = await sweepInternet('10.1.0.0/22', { maxProbes: 40, rates: SLOW });
    expect(record).toMatchObject({ stopReason: 'probe-limit', targets: { count: 1024 } });
    expect(record.targets.probed).toBeLessThanOrEqual(record.probesSent);
    expect(record.targets.probed).toBeGreaterThan(0);
  });

  it('says of a shard without targets that it has none', async () => {
    const { record } = await sweepInternet('10.1.0.0/31', { shard: { index: 4, of: 8 } });
    expect(record).toMatchObject({ stopReason: 'complete', probesSent: 0 });
    expect(record.summary).toBe('Nothing was sent: shard 5/8 has none of the 2 targets.');
  });

  it('a resumed sweep asks for what is left, and counts both parts', async () => {
    const settings = { strategy: 'stop-set', rates: SLOW } as const;
    const prefix = '10.1.0.0/22'; // four windows at this pace
    const whole = await sweepInternet(prefix, settings);
    const begun = await sweepInternet(prefix, settings, { windowsMax: 2 });
    expect(begun.record).toMatchObject({ partial: true, stopReason: 'interrupted' });
    const checkpoint = begun.checkpoints.at(-1);
    const resume = JSON.parse(JSON.stringify(checkpoint));
    const rest = await sweepInternet(prefix, settings, { resume });
    const done = begun.replies.slice(0, checkpoint?.outputLength);
    const [early, late] = [new Set(done.map(keyOf)), new Set(rest.replies.map(keyOf))];
    expect([...late].filter((key) => early.has(key))).toEqual([]);
    expect(rest.record.targets).toEqual(whole.record.targets);
    expect(rest.record.resumed).toBe(true);
    expect(rest.record.interfaces).toBe(interfacesOf([...done, ...rest.replies]).size);
    expect(rest.record.repliesReceived).toBe(done.length + rest.replies.length);
    expect(flawsOf('sweep-checkpoint-1', checkpoint)).toEqual([]);
  });

  it('ends at a limit of probes', async () => {
    const { record } = await sweepInternet('10.1.0.0/20', { maxProbes: 5000 });
    expect(record.stopReason).toBe('probe-limit');
    expect(record.probesSent).toBeLessThan(5000 + 600);
    expect(record.summary).toContain('stopped at the probe limit');
  });
});

describe('pace', () => {
  const LIMITED = { internet: { routerErrorsPerSecond: 60 } };

  it('asks no router for more than it may, whose limit is then never met', async () => {
    const rates = { total: 10_000, perPrefix: 1e6, perInterface: 50 };
    const { internet, record } = await sweepInternet(PREFIX, { rates }, LIMITED);
    // Until somebody answers at a TTL, nobody knows whom to spare.
    expect(internet.counters().limited).toBeLessThan(0.1 * record.probesSent);
    expect(record.durationMs).toBeGreaterThan(4000);
    const unspared = await sweepInternet(
      PREFIX,
      { rates: { ...rates, perInterface: 1e6 } },
      LIMITED,
    );
    expect(unspared.internet.counters().limited).toBeGreaterThan(2 * internet.counters().limited);
  });

  it('keeps to the rate in all, and to each prefix', async () => {
    const inAll = await sweepInternet(PREFIX, { rates: { ...SLOW, total: 1000 } });
    const wantedMs = inAll.record.probesSent;
    expect(inAll.record.durationMs).toBeGreaterThan(wantedMs);
    expect(inAll.record.durationMs).toBeLessThan(wantedMs + 3000);
    const toPrefix = await sweepInternet(PREFIX, {
      rates: { ...SLOW, total: 1e6, perPrefix: 2000 },
    });
    expect(toPrefix.record.durationMs).toBeGreaterThan(toPrefix.record.probesSent / 2);
  });
});
