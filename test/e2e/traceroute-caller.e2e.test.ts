/**
 * `traceroute-caller` as a pod runs it: told of connections by an event socket, tracing with a
 * program that stands in for scamper, asked by monitoring, and stopped.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer as createAnnotator } from 'node:http';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseScamperFile } from '../../src/watch/scamper/scamper-file.ts';
import { standIn } from '../support/stand-ins.ts';
import { InstalledCli, outcomeOf } from './installed-cli.ts';

let cli: InstalledCli;
const ends: (() => unknown)[] = [];

beforeAll(() => {
  cli = new InstalledCli();
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
afterAll(() => {
  cli?.remove();
});

function executable(): string {
  return path.join(cli.bin, 'traceroute-caller');
}

/** tcp-info's end of an event socket. */
async function eventSocket(folder: string) {
  const file = path.join(folder, 'events');
  const clients = new Set<Socket>();
  const server = createServer((socket) => clients.add(socket)).listen(file);
  ends.push(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  await once(server, 'listening');
  const say = (event: object): void => {
    for (const client of clients) client.write(`${JSON.stringify(event)}\n`);
  };
  return {
    file,
    hasClient: () => clients.size > 0,
    connection: (uuid: string, address: string) => {
      const ID = { SPort: 443, DPort: 5000, SrcIP: '192.0.2.254', DstIP: address, Cookie: 7 };
      say({ Event: 0, Timestamp: '2003-11-09T15:55:59Z', UUID: uuid, ID });
      say({ Event: 1, Timestamp: '2003-11-09T15:56:59Z', UUID: uuid, ID: null });
    },
  };
}

async function annotatorSocket(folder: string): Promise<string> {
  const file = path.join(folder, 'annotator');
  const server = createAnnotator((request, response) => {
    const asked = new URL(request.url ?? '', 'http://unix').searchParams.getAll('ip');
    const known = asked.map((address) => [address, { Network: { ASNumber: 64_500 } }]);
    response.end(JSON.stringify(Object.fromEntries(known)));
  }).listen(file);
  ends.push(() => server.close());
  await once(server, 'listening');
  return file;
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith(ending),
  );
}

async function start(args: readonly string[], folder: string) {
  const events = await eventSocket(folder);
  const own = [
    `-traceroute-output=${folder}/scamper1`,
    `-hopannotation-output=${folder}/hopannotation2`,
    `-datatypes-output=${folder}/datatypes`,
    '-prometheusx.listen-address=127.0.0.1:0',
    `-tcpinfo.eventsocket=${events.file}`,
  ];
  const child = spawn(process.execPath, [executable(), ...own, ...args], {
    env: { ...process.env, STAND_IN_FOLDER: folder, POD_NAME: 'pod-1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  ends.push(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  await vi.waitFor(() => expect(events.hasClient(), log).toBe(true), 20_000);
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [status] = await once(child, 'close');
    return status;
  };
  return { events, stop, log: () => log };
}

describe('a run', () => {
  test('leaves a file for each connection, and what its pipeline wants beside them', async () => {
    const folder = mkdtempSync(path.join(cli.folder, 'run-'));
    const annotator = await annotatorSocket(folder);
    const args = [`-scamper.bin=${standIn('scamper')}`, `-ipservice.sock=${annotator}`];
    const { events, stop, log } = await start(args, folder);
    events.connection('pod-1_1_0000000000000001', '203.0.113.77');
    events.connection('pod-1_1_0000000000000002', '203.0.113.77');
    events.connection('pod-1_1_0000000000000003', '203.0.113.2'); // the stand-in fails
    const output = path.join(folder, 'scamper1');
    await vi.waitFor(() => expect(filesIn(output, '.jsonl'), log()).toHaveLength(2), 20_000);
    const port = /"port":(\d+)/.exec(log())?.[1];
    await vi.waitFor(async () => {
      const answer = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(answer).toContain('traces_performed_total{type="scamper"} 2');
      expect(answer).toContain('traces_crashed_total{type="scamper"} 1');
    }, 20_000);
    expect(await stop(), log()).toBe(0);
    const names = filesIn(output, '.jsonl').sort();
    expect(names).toEqual([
      '2003/11/09/20031109T155559Z_pod-1_1_0000000000000001.jsonl',
      '2003/11/09/20031109T155559Z_pod-1_1_0000000000000002.jsonl',
    ]);
    const [own, shared] = names.map((name) => {
      expect(statSync(path.join(output, name)).mode & 0o777).toBe(0o644);
      return parseScamperFile(readFileSync(path.join(output, name), 'utf8'), 'tracelb');
    });
    const { version } = JSON.parse(readFileSync(path.join(cli.package, 'package.json'), 'utf8'));
    expect(own?.metadata).toEqual({
      UUID: 'pod-1_1_0000000000000001',
      TracerouteCallerVersion: version,
      CachedResult: false,
      CachedUUID: '',
    });
    expect(shared?.metadata).toMatchObject({
      CachedResult: true,
      CachedUUID: 'pod-1_1_0000000000000001',
    });
    expect(own?.result).toMatchObject({ dst: '203.0.113.77', gaplint: 3 });
    expect(filesIn(path.join(folder, 'hopannotation2'), '.json')).toEqual([
      '2003/11/09/20031109T155559Z_stand-in_198.51.100.1.json',
    ]);
    expect(filesIn(path.join(folder, 'datatypes'), '.json').sort()).toEqual([
      'hopannotation2.json',
      'scamper2.json',
    ]);
  });

  test('goes on where the daemon of scamper has ended, and hides clients', async () => {
    const folder = mkdtempSync(path.join(cli.folder, 'run-'));
    const args = ['-tracetool=scamper-daemon', '-anonymize.ip=netblock', '-output.keys=go'];
    const { events, stop, log } = await start(
      [
        ...args,
        `-scamper.bin=${standIn('scamper-daemon')}`,
        `-scamper.unixsocket=${folder}/control`,
      ],
      folder,
    );
    events.connection('a_1_0000000000000001', '203.0.113.6'); // the stand-in ends
    await vi.waitFor(() => expect(log()).toContain('no trace, no file'), 20_000);
    events.connection('a_1_0000000000000002', '203.0.113.77');
    const output = path.join(folder, 'scamper1');
    await vi.waitFor(() => expect(filesIn(output, '0002.jsonl'), log()).toHaveLength(1), 20_000);
    expect(await stop(), log()).toBe(0);
    const [name = ''] = filesIn(output, '.jsonl');
    const text = readFileSync(path.join(output, name), 'utf8');
    expect(parseScamperFile(text, 'tracelb').result.dst).toBe('203.0.113.0');
    expect(text).not.toContain('203.0.113.77');
  });
});

describe('trouble at the start', () => {
  test.each([
    [
      'a program that is missing',
      ['-scamper.bin', 'no-such-scamper'],
      1,
      /apt-get install scamper/,
    ],
    ['a value that makes no sense', ['-scamper.waitprobe', '7'], 1, /7 is not 15 to 200/],
    ['a value that is none', ['-tracetool', 'mtr'], 2, /"mtr" is not a valid option.*\nUsage of /],
    ['a flag that is none', ['-waitprobe', '7'], 2, /not defined: -waitprobe\nUsage of tracerou/],
    [
      'a folder that cannot be',
      ['-traceroute-output', '/dev/null/x'],
      1,
      /-traceroute-output: \/dev\/null/,
    ],
  ])('%s is told, with what to do', async (_, args, status, message) => {
    const program = [`-scamper.bin=${standIn('scamper')}`, '-datatypes-output='];
    const outcome = await outcomeOf([process.execPath, executable(), ...program, ...args]);
    expect(outcome).toMatchObject({ status, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).toMatch(status === 1 ? /^traceroute-caller: / : /^(flag|invalid)/);
  });
});
