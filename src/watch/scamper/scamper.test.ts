import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { connectionTo } from '../../../test/support/connections.ts';
import { linesLeft, standIn, standInFolder } from '../../../test/support/stand-ins.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import type { SourceListener } from '../connection-source.ts';
import { scamperFile } from '../files/result-file.ts';
import { ResultFolder } from '../files/result-folder.ts';
import type { Tracer } from '../tracer.ts';
import { WatchService } from '../watch-service.ts';
import { findProgram, PARIS_TRACEROUTE, SCAMPER } from './external-program.ts';
import { Paris } from './paris.ts';
import { Scamper } from './scamper.ts';
import { scamperCommand } from './scamper-task.ts';

const OUTPUT_MAX = 1_000_000;
const TIMEOUT_MS = 60_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A watcher with one tracer, a real disk, and time that stands still. */
function watcherWith(tracer: Tracer, folder: string) {
  const clock = new VirtualClock(Date.UTC(2003, 10, 9));
  let listener: SourceListener | undefined;
  const source = {
    name: 'netlink' as const,
    isHearing: true,
    start: (heard: SourceListener) => {
      listener = heard;
    },
    close: () => {},
  };
  const output = join(folder, 'results');
  const service = new WatchService({
    sources: [source],
    tracers: [tracer],
    disk: new ResultFolder(output, 0o644),
    tuning: {
      policy: { include: [], exclude: [], localPorts: [], excludePorts: [], sample: 1 },
      traceTimeoutMs: TIMEOUT_MS,
      cacheAgeMs: TIMEOUT_MS,
      negativeAgeMs: TIMEOUT_MS,
      cacheEntriesMax: 100,
      concurrency: 10,
      tracesPerSecond: 0,
      waitingMax: 100,
    },
    drainMs: 2 * TIMEOUT_MS,
    clock,
    log: SILENT,
    uuidOf: ({ cookie }) => `host_1_${cookie}`,
    isOwn: () => false,
    fileOf: (result, request) => scamperFile(result, request, '1.0'),
  });
  service.start();
  return {
    service,
    clock,
    ended: (address: string, cookie: bigint) => listener?.ended(connectionTo(address, cookie)),
    files: () =>
      readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /\.(jsonl|paris)$/.test(name),
      ),
    read: (name: string) => readFileSync(join(output, name), 'utf8'),
    figure: async (name: string): Promise<string[]> =>
      (await service.metrics.registry.metrics())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .sort(),
  };
}

const GOOD = '2003/11/09/20031109T155559Z_host_1_2.jsonl';

describe('a scamper of which each trace has one', () => {
  it.each([
    ['exits with status 1', '192.0.2.2', 'crashed'],
    ['prints garbage', '192.0.2.3', 'garbage'],
    ['prints half a line', '192.0.2.4', 'garbage'],
    ['prints 100 MB', '192.0.2.5', 'too-large'],
    ['ends in the midst of a trace', '192.0.2.6', 'garbage'],
    ['is killed', '192.0.2.7', 'crashed'],
    ['prints the trace to another', '192.0.2.8', 'garbage'],
    ['sends nothing', '192.0.2.9', 'garbage'],
  ])('that %s leaves no file, and the next trace unharmed', async (_, address, code) => {
    const folder = standInFolder();
    const tracer = new Scamper({ binary: standIn('scamper'), outputMax: OUTPUT_MAX });
    const watch = watcherWith(tracer, folder);
    watch.ended(address, 1n);
    watch.ended('192.0.2.77', 2n);
    expect(await watch.service.stop()).toBe(0);
    expect(watch.files()).toEqual([GOOD]);
    expect(await watch.figure('traces_performed_total')).toEqual([
      'traces_performed_total{type="scamper"} 2',
    ]);
    expect(await watch.figure('traces_crashed_total')).toEqual([
      'traces_crashed_total{type="scamper"} 1',
    ]);
    expect(await watch.figure('traces_in_progress')).toEqual([
      'traces_in_progress{type="scamper"} 0',
    ]);
    expect(await watch.figure('fantrace_trace_failures_total')).toEqual([
      `fantrace_trace_failures_total{type="scamper",code="${code}"} 1`,
    ]);
  });

  it('that hangs is ended with all its children when its time is over', async () => {
    const folder = standInFolder();
    const watch = watcherWith(new Scamper({ binary: standIn('scamper') }), folder);
    watch.ended('192.0.2.1', 1n);
    watch.ended('192.0.2.1', 3n);
    await vi.waitFor(() => linesLeft(folder, 'pids'), 10_000);
    await watch.clock.pass(TIMEOUT_MS);
    watch.ended('192.0.2.77', 2n);
    await watch.service.stop();
    expect(watch.files()).toEqual([GOOD]);
    for (const pid of linesLeft(folder, 'pids').join(' ').split(' ')) {
      await vi.waitFor(() => expect(isRunning(Number(pid))).toBe(false), 10_000);
    }
    expect(await watch.figure('fantrace_trace_failures_total')).toEqual([
      'fantrace_trace_failures_total{type="scamper",code="timeout"} 1',
    ]);
    expect(await watch.figure('traces_skipped_total')).toEqual([
      'traces_skipped_total{type="scamper"} 1',
    ]);
  });

  it('gets the command line that it always had', async () => {
    const folder = standInFolder();
    const watch = watcherWith(new Scamper({ binary: standIn('scamper') }), folder);
    watch.ended('::ffff:192.0.2.77', 2n);
    await watch.service.stop();
    expect(linesLeft(folder, 'command-lines')).toEqual([
      '-o- -O json -I tracelb -P icmp-echo -q 3 -W 25 -O ptr 192.0.2.77',
    ]);
    expect(watch.read(GOOD).split('\n')[0]).toBe(
      '{"UUID":"host_1_2","TracerouteCallerVersion":"1.0","CachedResult":false,"CachedUUID":""}',
    );
  });

  it('that is missing, is no scamper, or does not start is told with what to do', () => {
    expect(() => new Scamper({ binary: 'no-scamper-here' })).toThrow(
      'no-scamper-here is not on PATH\napt-get install scamper',
    );
    expect(() => findProgram(SCAMPER, standIn('paris-traceroute'))).toThrow(
      /paris-traceroute -v does not tell a version of scamper, but traceroute \[/,
    );
    expect(() => findProgram(PARIS_TRACEROUTE, '/etc')).toThrow('/etc is no program\nDebian');
  });
});

describe('the task', () => {
  const task = { kind: 'tracelb', waitProbe: 39, ptr: true, probesMax: undefined } as const;

  it.each([
    [task, 'tracelb -P icmp-echo -q 3 -W 39 -O ptr 10.1.1.1'],
    [{ ...task, ptr: false }, 'tracelb -P icmp-echo -q 3 -W 39 10.1.1.1'],
    [{ ...task, waitProbe: undefined }, 'tracelb -P icmp-echo -q 3 -O ptr 10.1.1.1'],
    [{ ...task, probesMax: 50 }, 'tracelb -P icmp-echo -q 3 -W 39 -Q 50 -O ptr 10.1.1.1'],
    [{ ...task, kind: 'trace' as const }, 'trace -P udp-paris -q 3 -W 39 -O ptr 10.1.1.1'],
  ])('%j', (options, command) => {
    expect(scamperCommand(options, '10.1.1.1')).toBe(command);
  });

  it.each([
    [{ ...task, waitProbe: 14 }, 'waitProbe: 14 is not 15 to 200'],
    [{ ...task, waitProbe: 201 }, 'waitProbe: 201 is not 15 to 200'],
    [{ ...task, probesMax: 49 }, 'probesMax: 49 is not 50 to 65535'],
  ])('%j is refused', (options, message) => {
    expect(() => new Scamper({ binary: standIn('scamper'), task: options })).toThrow(message);
  });
});

describe('paris-traceroute', () => {
  it('keeps what it prints as it is', async () => {
    const folder = standInFolder();
    const paris = new Paris({ binary: standIn('paris-traceroute') });
    const request = { uuid: 'u', startedAtMs: 7, signal: new AbortController().signal };
    const result = await paris.trace(connectionTo('192.0.2.77'), request);
    expect(result).toMatchObject({ kind: 'paris', tracer: 'paris', uuid: 'u', startedAtMs: 7 });
    expect(result.text).toMatch(
      /^traceroute \[\(192\.0\.2\.254:443\) -> \(192\.0\.2\.77:50000\)\]/,
    );
    expect(linesLeft(folder, 'command-lines')).toEqual([
      '--dst-port=50000 --src-port=443 192.0.2.77',
    ]);
    await expect(paris.trace(connectionTo('192.0.2.2'), request)).rejects.toThrow('status 1');
    await expect(paris.trace(connectionTo('192.0.2.3'), request)).rejects.toThrow('no whole trace');
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
