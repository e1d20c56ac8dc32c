import { beforeEach, describe, expect, it } from 'vitest';
import { connectionTo } from '../../test/support/connections.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { parseIpPrefix } from '../lib/ip-prefix.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSource, SourceListener } from './connection-source.ts';
import { scamperFile } from './files/result-file.ts';
import { uuidOf } from './files/uuid.ts';
import {
  TraceFailure,
  type TraceFailureCode,
  type TraceRequest,
  type TraceResult,
  type Tracer,
  type TracerName,
} from './tracer.ts';
import { WatchService, type WatchServiceOptions, type WatchTuning } from './watch-service.ts';

const TRACE_MS = 2000;
const TUNING: WatchTuning = {
  policy: { include: [], exclude: [], localPorts: [], excludePorts: [], sample: 1 },
  traceTimeoutMs: 10_000,
  cacheAgeMs: 60_000,
  negativeAgeMs: 5000,
  cacheEntriesMax: 1000,
  concurrency: 100,
  tracesPerSecond: 0,
  waitingMax: 1000,
};

class FakeSource implements ConnectionSource {
  readonly name = 'netlink';
  isHearing = true;
  listener: SourceListener | undefined;

  start(listener: SourceListener): void {
    this.listener = listener;
  }

  close(): void {
    this.listener = undefined;
  }

  ends(connection: Connection): void {
    this.listener?.ended(connection);
  }
}

/** Takes a while in virtual time, and heeds the signal. */
class FakeTracer implements Tracer {
  readonly name: TracerName;
  readonly traced: string[] = [];
  failsWith: TraceFailureCode | undefined;
  durationMs = TRACE_MS;
  isClosed = false;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, name: TracerName = 'native') {
    this.#clock = clock;
    this.name = name;
  }

  trace({ remoteAddress }: Connection, request: TraceRequest): Promise<TraceResult> {
    const { uuid, startedAtMs, signal } = request;
    this.traced.push(`${remoteAddress}@${this.#clock.nowMs()}`);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new TraceFailure('timeout', 'broken off')));
      this.#clock.after(this.durationMs, () => {
        if (this.failsWith !== undefined) reject(new TraceFailure(this.failsWith, 'failed'));
        const text = `start\nresult for ${remoteAddress} by ${this.name}\nstop\n`;
        const rest = { kind: 'tracelb', text, startedAtMs, hostname: 'h', uuid } as const;
        resolve({ tracer: this.name, ...rest });
      });
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

describe('WatchService', () => {
  let disk = new Map<string, string>();
  let clock: VirtualClock;
  let source: FakeSource;
  let tracer: FakeTracer;
  let logged: string[] = [];

  beforeEach(() => {
    disk = new Map();
    clock = new VirtualClock(Date.UTC(2026, 0, 1));
    source = new FakeSource();
    tracer = new FakeTracer(clock);
    logged = [];
  });

  function started(
    options: Partial<WatchServiceOptions> = {},
    tuning: Partial<WatchTuning> = {},
  ): WatchService {
    const note = (_: object, message: string): void => {
      logged.push(message);
    };
    const service = new WatchService({
      sources: [source],
      tracers: [tracer],
      disk: {
        write: async (path, content) => {
          disk.set(path, content);
        },
      },
      tuning: { ...TUNING, ...tuning },
      drainMs: 30_000,
      clock,
      log: { debug: note, info: note, warn: note, error: note },
      uuidOf: ({ cookie }) => uuidOf('h_1', cookie),
      isOwn: () => false,
      fileOf: (result, request) => scamperFile(result, request, 'v'),
      ...options,
    });
    service.start();
    return service;
  }

  /** Names of the files, without the folders of their day. */
  function files(): string[] {
    return [...disk.keys()].map((path) => path.replace('2026/01/01/', '')).sort();
  }

  async function stopped(service: WatchService): Promise<number> {
    const stop = service.stop();
    await clock.pass(60_000);
    return stop;
  }

  async function metric(service: WatchService, line: string): Promise<string | undefined> {
    const text = await service.metrics.registry.metrics();
    return text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1);
  }

  it('gives every connection a file, and traces to an address once', async () => {
    const service = started();
    for (const cookie of [1n, 2n, 3n]) source.ends(connectionTo('192.0.2.1', cookie));
    source.ends(connectionTo('fd00::9', 4n));
    await clock.pass(TRACE_MS);
    source.ends(connectionTo('192.0.2.1', 5n));
    expect(await stopped(service)).toBe(0);
    expect(tracer.traced).toHaveLength(2);
    expect(files()).toEqual(
      [1n, 2n, 3n, 4n, 5n].map((cookie) => `20260101T000000Z_${uuidOf('h_1', cookie)}.jsonl`),
    );
    const [first, , third] = files().map((name) => disk.get(`2026/01/01/${name}`)?.split('\n'));
    expect(JSON.parse(first?.[0] ?? '')).toMatchObject({ CachedResult: false, CachedUUID: '' });
    expect(JSON.parse(third?.[0] ?? '')).toMatchObject({
      CachedResult: true,
      CachedUUID: uuidOf('h_1', 1n),
    });
    expect(third?.slice(1)).toEqual(first?.slice(1));
    expect(await metric(service, 'traces_performed_total{type="native"}')).toBe('2');
    expect(await metric(service, 'fantrace_cache_requests_total{outcome="cached"}')).toBe('3');
    expect(tracer.isClosed).toBe(true);
  });

  it('counts a crash once, its waiters as skipped, and writes no file', async () => {
    tracer.failsWith = 'garbage';
    const service = started();
    for (const cookie of [1n, 2n, 3n]) source.ends(connectionTo('192.0.2.1', cookie));
    await clock.pass(TRACE_MS);
    expect(await metric(service, 'traces_crashed_total{type="native"}')).toBe('1');
    expect(await metric(service, 'traces_skipped_total{type="native"}')).toBe('2');
    expect(
      await metric(service, 'fantrace_trace_failures_total{type="native",code="garbage"}'),
    ).toBe('1');
    tracer.failsWith = undefined;
    await clock.pass(TUNING.negativeAgeMs);
    source.ends(connectionTo('192.0.2.1', 4n)); // the next trace is unharmed
    await stopped(service);
    expect(files()).toHaveLength(1);
    expect(await metric(service, 'traces_in_progress{type="native"}')).toBe('0');
  });

  it('breaks off a trace at its time limit', async () => {
    tracer.durationMs = 1e9;
    const service = started();
    source.ends(connectionTo('192.0.2.1'));
    await clock.pass(TUNING.traceTimeoutMs);
    expect(
      await metric(service, 'fantrace_trace_failures_total{type="native",code="timeout"}'),
    ).toBe('1');
    expect(service.health().following).toBe(0);
    await stopped(service);
    expect(files()).toEqual([]);
  });

  it('asks the next tracer where one cannot work, and only then', async () => {
    const backup = new FakeTracer(clock, 'scamper');
    tracer.failsWith = 'unavailable';
    const service = started({ tracers: [tracer, backup] });
    source.ends(connectionTo('192.0.2.1'));
    await clock.pass(2 * TRACE_MS);
    tracer.failsWith = 'crashed';
    source.ends(connectionTo('192.0.2.2', 2n));
    await stopped(service);
    expect(backup.traced).toHaveLength(1);
    expect(files()).toHaveLength(1);
    expect(await metric(service, 'fantrace_tracer_backups_total{from="native",to="scamper"}')).toBe(
      '1',
    );
  });

  it('lets traces end when it stops, within the bound, and breaks off the rest', async () => {
    const service = started({ drainMs: 5000 }, { concurrency: 1 });
    source.ends(connectionTo('192.0.2.1', 1n)); // until 2 s
    source.ends(connectionTo('192.0.2.2', 2n)); // until 4 s
    source.ends(connectionTo('192.0.2.3', 3n)); // until 6 s: too late
    source.ends(connectionTo('192.0.2.4', 4n));
    await stopped(service);
    expect(files()).toHaveLength(2);
    expect(service.health().following).toBe(0);
    expect(source.listener).toBeUndefined();
  });

  it('puts connections with retransmissions first', async () => {
    const service = started({}, { concurrency: 1 });
    source.ends(connectionTo('192.0.2.1', 1n));
    source.ends(connectionTo('192.0.2.2', 2n));
    source.ends(connectionTo('192.0.2.3', 3n, true));
    await stopped(service);
    expect(tracer.traced.map((each) => each.split('@')[0])).toEqual([
      ...['192.0.2.1', '192.0.2.3', '192.0.2.2'],
    ]);
  });

  it('refuses what the queue has no room for, and counts it', async () => {
    const service = started({}, { concurrency: 1, waitingMax: 1 });
    for (const i of [1, 2, 3]) source.ends(connectionTo(`192.0.2.${i}`, BigInt(i)));
    await stopped(service);
    expect(files()).toHaveLength(2);
    expect(await metric(service, 'fantrace_traces_refused_total')).toBe('1');
  });

  it('follows a new policy from then on', async () => {
    const service = started();
    source.ends(connectionTo('192.0.2.1', 1n));
    const exclude = [parseIpPrefix('192.0.2.0/24')].flatMap((prefix) => prefix ?? []);
    service.tune({ ...TUNING, policy: { ...TUNING.policy, exclude } });
    source.ends(connectionTo('192.0.2.2', 2n));
    await stopped(service);
    expect(files()).toHaveLength(1);
    expect(await metric(service, 'fantrace_connections_left_alone_total{reason="excluded"}')).toBe(
      '1',
    );
  });

  it('tells what is wrong', () => {
    const service = started();
    expect(service.health()).toMatchObject({ status: 'ok', problems: [] });
    source.isHearing = false;
    expect(service.health()).toMatchObject({
      status: 'degraded',
      problems: ['no connection to the source netlink'],
    });
    source.listener?.trouble('overflow', 'events were dropped');
    expect(logged).toContain('events were dropped');
  });
});
