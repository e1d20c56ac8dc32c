import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectionTo } from '../../../test/support/connections.ts';
import { linesLeft, standIn, standInFolder } from '../../../test/support/stand-ins.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { type ControlEvent, ControlSession } from './control-session.ts';
import { DestinationTurns } from './destination-turns.ts';
import { ScamperDaemon, type ScamperDaemonOptions } from './scamper-daemon.ts';
import { parseScamperLines } from './scamper-file.ts';

const HALT_MS = 2000;
const RESTART_MS = 5000;

function daemonWith(options: ScamperDaemonOptions = {}) {
  const folder = standInFolder();
  const clock = new VirtualClock(1_068_393_360_000);
  const running: boolean[] = [];
  const daemon = new ScamperDaemon({
    binary: standIn('scamper-daemon'),
    outputMax: 1_000_000,
    haltMs: HALT_MS,
    clock,
    onRunning: (isRunning) => running.push(isRunning),
    ...options,
  });
  onTestFinished(() => daemon.close());
  const end = new AbortController();
  const trace = (address: string) =>
    daemon.trace(connectionTo(address), {
      uuid: `to ${address}`,
      startedAtMs: 0,
      signal: end.signal,
    });
  return { folder, clock, running, daemon, trace, halt: () => end.abort() };
}

describe('a scamper for all traces', () => {
  it('gives whole results, with the cycle of a trace of its own', async () => {
    const { trace, folder } = daemonWith();
    const result = await trace('192.0.2.77');
    const lines = parseScamperLines(result.text, 'tracelb');
    expect(lines.result).toMatchObject({ userid: 1, dst: '192.0.2.77' });
    expect(lines.cycleStart).toMatchObject({ hostname: 'stand-in', start_time: 1_068_393_359 });
    expect(lines.cycleStop).toMatchObject({ hostname: 'stand-in', stop_time: 1_068_393_360 });
    expect(result).toMatchObject({ startedAtMs: 1_068_393_359_000, uuid: 'to 192.0.2.77' });
    expect(linesLeft(folder, 'starts')[0]).toMatch(/^-U \S+ -p 10000$/);
  });

  it('gives each trace its own, in whatever order they come', async () => {
    const { trace } = daemonWith();
    const traces = ['192.0.2.8', '192.0.2.9', '192.0.2.77'].map(trace);
    const texts = (await Promise.all(traces)).map(({ text }) => text);
    expect(texts.map((text) => /"dst":"([^"]+)"/.exec(text)?.[1])).toEqual([
      '192.0.2.8',
      '192.0.2.9',
      '192.0.2.77',
    ]);
  });

  it('traces to one destination once at a time', async () => {
    const { trace } = daemonWith();
    // The stand-in refuses a second task to where there is one.
    const both = await Promise.all([trace('192.0.2.77'), trace('192.0.2.77')]);
    expect(both.map(({ text }) => /"userid":(\d+)/.exec(text)?.[1])).toEqual(['1', '2']);
  });

  it('that is halted gives what it has found so far', async () => {
    const { daemon, trace, halt } = daemonWith();
    await daemon.start();
    const slow = trace('192.0.2.1');
    await setImmediate(); // the command is sent
    halt();
    expect(parseScamperLines((await slow).text, 'tracelb').result.dst).toBe('192.0.2.1');
  });

  it.each([
    ['refuses a trace', '192.0.2.2', 'refuses a trace: command not accepted'],
    ['gives the trace to another', '192.0.2.10', 'came back as one to 192.0.2.99'],
  ])('that %s goes on', async (_, address, message) => {
    const { trace, running } = daemonWith();
    await expect(trace(address)).rejects.toMatchObject({
      code: 'garbage',
      message: expect.stringContaining(message),
    });
    await trace('192.0.2.77');
    expect(running).toEqual([true]);
  });

  it.each([
    ['talks nonsense', '192.0.2.4', 'it said I am no scamper'],
    ['announces 100 MB', '192.0.2.5', 'it said DATA 100000000'],
    ['dies', '192.0.2.6', 'scamper:'],
    ['is killed', '192.0.2.11', 'scamper:'],
  ])('that %s fails all that it traces, and is started again', async (_, address, message) => {
    const { trace, running, folder } = daemonWith();
    const [other, own] = await Promise.allSettled([trace('192.0.2.1'), trace(address)]);
    for (const { reason } of [other, own] as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: 'crashed' });
      expect(reason.message).toContain(message);
    }
    await trace('192.0.2.77');
    expect(running).toEqual([true, false, true]);
    expect(linesLeft(folder, 'starts')).toHaveLength(2);
  });

  it('that answers nothing any more is ended, and started again', async () => {
    const { daemon, trace, halt, clock, running } = daemonWith();
    await daemon.start();
    const deaf = trace('192.0.2.7');
    // It was heeded, and then no more.
    const unheard = daemon.trace(connectionTo('192.0.2.78'), {
      uuid: 'x',
      startedAtMs: 0,
      signal: new AbortController().signal,
    });
    const ends = Promise.allSettled([deaf, unheard]);
    await setImmediate(); // both commands are sent
    halt();
    await vi.waitFor(async () => {
      await clock.pass(HALT_MS);
      expect(running).toEqual([true, false]);
    }, 10_000);
    expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual([
      'timeout',
      'crashed',
    ]);
    await daemon.trace(connectionTo('192.0.2.77'), {
      uuid: 'x',
      startedAtMs: 0,
      signal: new AbortController().signal,
    });
  });

  it('that does not start leaves the trace to others, and is not tried again at once', async () => {
    const { trace, clock, folder } = daemonWith({ binary: standIn('scamper') });
    const unavailable = { code: 'unavailable' };
    await expect(trace('192.0.2.77')).rejects.toMatchObject(unavailable);
    await expect(trace('192.0.2.78')).rejects.toMatchObject(unavailable);
    expect(linesLeft(folder, 'command-lines')).toHaveLength(1);
    await clock.pass(RESTART_MS);
    await expect(trace('192.0.2.77')).rejects.toMatchObject(unavailable);
    expect(linesLeft(folder, 'command-lines')).toHaveLength(2);
  });

  it('does not take the place of another', async () => {
    const { folder, daemon: unused } = daemonWith();
    await unused.close();
    const socketPath = join(folder, 'control');
    writeFileSync(socketPath, '');
    const daemon = new ScamperDaemon({ binary: standIn('scamper-daemon'), socketPath });
    await expect(daemon.start()).rejects.toMatchObject({ code: 'SOCKET_TAKEN' });
    expect(existsSync(socketPath)).toBe(true);
    await daemon.close();
    expect(existsSync(socketPath)).toBe(true);
  });

  it('takes the place of one that was killed, but of none that lives', async () => {
    const { folder } = daemonWith();
    const socketPath = join(folder, 'control');
    const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, `;
    spawnSync(process.execPath, ['-e', `${script}() => process.kill(process.pid, 'SIGKILL'))`]);
    expect(existsSync(socketPath)).toBe(true);
    const options = { binary: standIn('scamper-daemon'), socketPath };
    const first = new ScamperDaemon(options);
    await first.start();
    const second = new ScamperDaemon(options);
    await expect(second.start()).rejects.toMatchObject({ code: 'SOCKET_TAKEN' });
    await Promise.all([first.close(), second.close()]);
    expect(existsSync(socketPath)).toBe(false);
  });

  it('refuses a pace that scamper does not have', () => {
    expect(() => daemonWith({ packetsPerSecond: 20_000 })).toThrow(
      'packetsPerSecond: 20000 is not 1 to 10000',
    );
  });
});

describe('a session', () => {
  const recorded = readFileSync(
    new URL('../../../test/goldens/scamper/control-session.txt', import.meta.url),
    'utf8',
  );
  const said = recorded
    .split('\n')
    .filter((line) => line.startsWith('< ') && line !== '< EOF')
    .map((line) => `${line.slice(2)}\n`)
    .join('');

  function eventsOf(text: string, step: number): ControlEvent[] {
    const session = new ControlSession(1_000_000);
    const bytes = Buffer.from(text);
    const events: ControlEvent[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      events.push(...session.read(bytes.subarray(at, at + step)));
    }
    return events;
  }

  it('is read the same in whatever pieces it comes', () => {
    const whole = eventsOf(said, said.length);
    expect(whole.map(({ kind }) => kind).join(' ')).toBe(
      'ok more data ok ok more data data error ok more ok data ok more ok data ok data',
    );
    for (const event of whole) if (event.kind === 'data') JSON.parse(event.text);
    for (const step of [1, 2, 3, 7, 64, 1000, 4095]) expect(eventsOf(said, step)).toEqual(whole);
  });

  it.each([
    ['a word that is none', 'HELLO\n'],
    ['a result without a length', 'DATA\n'],
    ['a result of nothing', 'DATA 0\n'],
    ['more than a result may have', 'DATA 1000001\n'],
    ['a line without an end', 'x'.repeat(5000)],
  ])('ends with %s', (_, text) => {
    expect(eventsOf(`OK\n${text}OK\nOK\n`, 100).map(({ kind }) => kind)).toEqual(['ok', 'garbage']);
  });
});

describe('turns', () => {
  it('are taken one after the other, for each destination', async () => {
    const turns = new DestinationTurns();
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const task = (name: string) => () => {
      order.push(name);
      return new Promise<void>((resolve, reject) => {
        ends.push(name === 'a1' ? () => reject(new Error('no')) : resolve);
      });
    };
    const first = turns.run('a', task('a1')).catch(() => {});
    const second = turns.run('a', task('a2'));
    const other = turns.run('b', task('b1'));
    await vi.waitFor(() => expect(order).toEqual(['a1', 'b1']), 10_000);
    ends[0]?.();
    await first;
    await vi.waitFor(() => expect(order).toEqual(['a1', 'b1', 'a2']), 10_000);
    for (const end of ends) end();
    await Promise.all([second, other]);
    expect(turns.size).toBe(0);
  });
});
