import { describe, expect, test } from 'vitest';
import type { TraceProtocol, TraceRecord } from '../../model/trace-record.ts';
import { TraceCall, type TraceEvent, type TraceOptions, trace } from './trace.ts';

const PROTOCOLS: readonly TraceProtocol[] = ['tcp', 'udp', 'udp-classic', 'icmp'];
const FAMILIES = [4, 6] as const;
const HEALTHY = { simulate: 'healthy-fabric', seed: 5 } as const;

function respondersOf({ hops }: TraceRecord): (string | null)[] {
  return hops.map(({ replies: [first] }) =>
    first === undefined || 'star' in first ? null : first.address,
  );
}

const KINDS = PROTOCOLS.flatMap((protocol) => FAMILIES.map((family) => ({ protocol, family })));

describe.each(KINDS)('by $protocol over IPv$family', ({ protocol, family }) => {
  const options: TraceOptions = { ...HEALTHY, protocol, family, queries: 2 };

  test('the target is reached over routers that all answer', async () => {
    const record = await trace('anything', options);
    expect(record).toMatchObject({ reached: true, stopReason: 'reached', protocol, family });
    expect(respondersOf(record)).not.toContain(null);
    expect(respondersOf(record).at(-1)).toBe(record.target.address);
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0 });
  });

  test('one flow has one path, but the classic way does not keep to one', async () => {
    const record = await trace('anything', { ...options, queries: 6 });
    const widths = record.hops.map(
      ({ replies }) => new Set(replies.map((each) => ('star' in each ? '' : each.address))).size,
    );
    if (protocol === 'udp-classic') expect(Math.max(...widths)).toBeGreaterThan(1);
    else expect(Math.max(...widths)).toBe(1);
  });

  test('routers that leave translated quotes as they are are matched all the same', async () => {
    const simulate = 'nat-that-leaves-its-address-in-quotes';
    const record = await trace('anything', { ...options, simulate });
    expect(record.reached).toBe(true);
    const translated = record.hops.flatMap(({ replies }) =>
      replies.filter((each) => !('star' in each) && each.nat),
    );
    expect(translated.length).toBeGreaterThan(0);
  });

  test('routers that quote 8 bytes are matched all the same', async () => {
    const simulate = 'router-answers-8-byte-quotes';
    const { reached, hops, measurement } = await trace('anything', { ...options, simulate });
    expect({ reached, foreign: measurement.foreignReplies }).toEqual({ reached: true, foreign: 0 });
    const silent = hops.filter(({ replies }) => replies.every((each) => 'star' in each));
    expect(silent).toEqual([]);
    expect(hops.length).toBeGreaterThan(3); // the old routers are the second and the third
  });

  test('MPLS labels are shown', async () => {
    const record = await trace('anything', { ...options, simulate: 'mpls-labels-on-the-way' });
    const labels = record.hops.flatMap(({ replies }) =>
      replies.flatMap((each) => ('star' in each ? [] : each.mpls.map(({ label }) => label))),
    );
    expect(labels).toContain(24);
  });
});

test('the same seed gives the same record', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => trace('anything', HEALTHY)));
  expect(one?.hops.map((hop) => hop.replies.length)).toEqual(
    two?.hops.map((hop) => hop.replies.length),
  );
  expect(respondersOf(one as TraceRecord)).toEqual(respondersOf(two as TraceRecord));
});

describe('events', () => {
  test('tell of every probe up to the end, then of the record', async () => {
    const events: TraceEvent[] = [];
    const call = trace('anything', { ...HEALTHY, queries: 1, parallelTtls: 1 });
    for await (const event of call.events()) events.push(event);
    const record = await call;
    expect(events.at(-1)).toEqual({ type: 'end', record });
    const ttls = events.flatMap((event) => (event.type === 'probe' ? [event.ttl] : []));
    expect(ttls).toEqual(record.hops.map(({ ttl }) => ttl));
  });

  test('may be left early: the trace ends with what it knows', async () => {
    const call = trace('anything', { ...HEALTHY, parallelTtls: 1 });
    for await (const event of call.events()) {
      expect(event.type).toBe('probe');
      break;
    }
    expect(await call).toMatchObject({ stopReason: 'aborted', partial: true });
  });

  test('end at once when they are left while one is awaited', async () => {
    const { events, record } = await abandoned();
    expect(events).toEqual({ done: true, value: undefined });
    expect(record).toMatchObject({ stopReason: 'aborted', partial: true });
  });

  /** Leaves the events of a trace that has all the time of the world, right at its start. */
  async function abandoned() {
    const call = trace('anything', { ...HEALTHY, parallelTtls: 1, queries: 100, rate: 1 });
    const events = call.events();
    const next = events.next();
    const end = await events.return();
    await next;
    return { events: end, record: await call };
  }

  test('are heard once', async () => {
    const call = trace('anything', HEALTHY);
    const heard: TraceEvent[] = [];
    for await (const event of call.events()) heard.push(event);
    expect(heard.at(-1)).toEqual({ type: 'end', record: await call });
    await expect(call.events().next()).rejects.toThrow('heard once');
  });

  test('that nobody asked for are not kept: who comes too late is told so', async () => {
    const call = trace('anything', { ...HEALTHY, queries: 1 });
    await call;
    await expect(call.events().next()).rejects.toThrow(/ of them are over/);
  });

  test('end in the error that the promise rejects with', async () => {
    const call = new TraceCall('no such target', {});
    const heard = (async () => {
      for await (const _ of call.events());
    })();
    await expect(heard).rejects.toMatchObject({ code: 'UNKNOWN_HOST' });
    await expect(call).rejects.toMatchObject({ code: 'UNKNOWN_HOST' });
  });
});

describe('an abort', () => {
  test('before the start rejects', async () => {
    const signal = AbortSignal.abort();
    await expect(trace('anything', { ...HEALTHY, signal })).rejects.toThrow();
  });

  test('on the way gives what is known', async () => {
    const abort = new AbortController();
    const call = trace('anything', { ...HEALTHY, parallelTtls: 1, signal: abort.signal });
    for await (const event of call.events()) {
      if (event.type === 'probe' && event.ttl === 2) abort.abort();
    }
    const record = await call;
    expect(record).toMatchObject({ stopReason: 'aborted', partial: true, reached: false });
    expect(respondersOf(record)[0]).not.toBeNull();
  });
});

test('a trace that is left says nothing of probes that were never sent', async () => {
  const call = trace('anything', { ...HEALTHY, queries: 100, rate: 1, parallelTtls: 1 });
  for await (const event of call.events()) if (event.type === 'probe') break;
  const { hops, measurement } = await call;
  expect(hops.flatMap(({ replies }) => replies)).toHaveLength(measurement.repliesReceived);
});

describe('an option out of range', () => {
  const ROWS: readonly (TraceOptions & { readonly names?: boolean })[] = [
    { firstTtl: 0 },
    { maxTtl: 256 },
    { firstTtl: 9, maxTtl: 8 },
    { queries: 0 },
    { retries: -1 },
    { timeoutMs: Number.NaN },
    { timeoutMs: 1e9 },
    { port: 65_536 },
    { port: 1.5 },
    { protocol: 'icmp', port: 80 },
    { protocol: 'sctp' as TraceProtocol },
    { packetBytes: 27 },
    { tos: 256 },
    { flowLabel: 2 ** 20 },
    { rate: 0 },
    { seed: 2 ** 53 },
    { family: 5 as 4 },
    { names: 'no' as unknown as boolean },
    { interface: 5 as unknown as string },
    { rate: '5' as unknown as number },
    { ttl: 5 } as TraceOptions,
    { signal: {} as AbortSignal },
    { timestamps: 'user' as 'ring' },
    { timestamps: 'ring', borrowsPort: true },
  ];

  test.each(ROWS)('is refused at once: %j', (options) => {
    expect(() => trace('anything', { ...HEALTHY, ...options })).toThrow(RangeError);
  });
});

test.each([
  { shows: 'a flow label over IPv4', options: { family: 4, flowLabel: 5 }, message: /flowLabel/ },
  { shows: 'fragments over IPv6', options: { family: 6, dontFragment: false }, message: /IPv4/ },
] as const)('refuses $shows', async ({ options, message }) => {
  await expect(trace('any', { simulate: 'healthy-fabric', ...options })).rejects.toThrow(message);
});
