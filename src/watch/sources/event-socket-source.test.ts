import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../connection.ts';
import { HOST_CLOCK } from '../watch-clock.ts';
import { EventSocketSource } from './event-socket-source.ts';
import { parseFlowEvent } from './flow-event.ts';

/** As tcp-info writes it, the cookie with all of its digits. */
function openLine(i: number, cookie = `${i}`): string {
  const ends = `"SPort":443,"DPort":${1024 + (i % 60_000)},"SrcIP":"10.0.0.1","DstIP":"192.0.2.1"`;
  return (
    `{"Event":0,"Timestamp":"2021-10-28T06:03:23.723904123Z","UUID":"h_1_${i}",` +
    `"ID":{${ends},"Interface":0,"Cookie":${cookie}}}\n`
  );
}

function closeLine(i: number): string {
  return `{"Event":1,"Timestamp":"2021-10-28T06:03:24Z","UUID":"h_1_${i}","ID":null}\n`;
}

describe('parseFlowEvent', () => {
  it.each([
    ['316493', 316_493n],
    ['9007199254740993', 2n ** 53n + 1n],
    ['-2', 2n ** 64n - 2n],
    ['-9223372036854775808', 2n ** 63n],
  ])('reads the cookie %s to the last digit', (text, cookie) => {
    const event = parseFlowEvent(openLine(1, text));
    expect(event).toMatchObject({ kind: 'open', uuid: 'h_1_1', connection: { cookie } });
  });

  it.each([
    ['half a line', openLine(1).slice(0, 100)],
    ['another event', '{"Event":2,"UUID":"h_1_1","ID":null}'],
    ['no connection', '{"Event":0,"UUID":"h_1_1","ID":null}'],
    ['no address', openLine(1).replace('192.0.2.1', '192.0.2.256')],
    ['addresses of two families', openLine(1).replace('192.0.2.1', 'fd00::1')],
    ['a cookie that is no number', openLine(1, '"x"')],
    ['a port that is none', openLine(1).replace('443', '65536')],
    ['a name that leads elsewhere', openLine(1).replace('h_1_1', '../../etc/cron.d/x')],
    ['a name without end', openLine(1).replace('h_1_1', 'x'.repeat(300))],
    ['null', 'null'],
    ['a number', '7'],
  ])('refuses %s', (_, line) => expect(parseFlowEvent(line)).toBeUndefined());
});

describe('EventSocketSource', () => {
  let folder = '';
  let path = '';
  let server: Server;
  let source: EventSocketSource;
  let clients: Socket[] = [];
  const ended: Connection[] = [];
  const troubles: string[] = [];
  let wake = (): void => {};

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fantrace-eventsocket-'));
    path = join(folder, 'sock');
    clients = [];
    ended.length = 0;
    troubles.length = 0;
    await listen();
    source = new EventSocketSource({ path, clock: HOST_CLOCK });
    source.start({
      ended: (connection) => {
        ended.push(connection);
        wake();
      },
      trouble: (kind) => {
        troubles.push(kind);
        wake();
      },
    });
    await until(() => clients.length === 1);
  });

  afterEach(async () => {
    source.close();
    await stop();
    rmSync(folder, { recursive: true });
  });

  function listen(): Promise<void> {
    server = createServer((client) => {
      clients.push(client);
      wake();
    });
    return new Promise((resolve) => server.listen(path, resolve));
  }

  function stop(): Promise<void> {
    for (const client of clients.splice(0)) client.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  }

  /** Resolves when it holds; every event has it looked at again. */
  function until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      wake = () => {
        if (holds()) resolve();
      };
      wake();
    });
  }

  it('tells a connection when it closes, and not before', async () => {
    clients[0]?.write(openLine(1) + openLine(2) + closeLine(2) + closeLine(99));
    await until(() => ended.length === 1);
    expect(ended).toMatchObject([{ uuid: 'h_1_2', remoteAddress: '192.0.2.1', cookie: 2n }]);
    expect(troubles).toEqual([]);
  });

  it('takes 10 000 events at once', async () => {
    const count = 10_000;
    const lines = Array.from({ length: count }, (_, i) => openLine(i) + closeLine(i));
    clients[0]?.write(lines.join(''));
    await until(() => ended.length === count);
    expect(new Set(ended.map(({ uuid }) => uuid)).size).toBe(count);
    expect(troubles).toEqual([]);
  });

  it('joins lines that come in pieces', async () => {
    for (const character of openLine(1) + closeLine(1)) clients[0]?.write(character);
    await until(() => ended.length === 1);
    expect(troubles).toEqual([]);
  });

  it('goes on after garbage, and after a line without end', async () => {
    clients[0]?.write(`\u0000\u001b[31m garbage\n${'x'.repeat(200_000)}`);
    await until(() => troubles.length === 2);
    clients[0]?.write(`the rest of it\n${openLine(1)}${closeLine(1)}`);
    await until(() => ended.length === 1);
    expect(troubles).toEqual(['garbage', 'garbage']);
  });

  it('connects again, tells of half a line, and knows what was open', async () => {
    clients[0]?.write(openLine(1));
    clients[0]?.end(openLine(2).slice(0, 50));
    await until(() => troubles.includes('disconnected'));
    expect(troubles[0]).toBe('garbage');
    await until(() => clients.length === 2);
    clients[1]?.write(closeLine(1));
    await until(() => ended.length === 1);
    expect(source.isHearing).toBe(true);
  });

  it('waits for a server that is away', async () => {
    await stop();
    await until(() => troubles.filter((kind) => kind === 'disconnected').length === 2);
    expect(source.isHearing).toBe(false);
    await listen();
    await until(() => clients.length === 1);
  });
});
