/**
 * `fantrace watch` on a server of kernel namespaces: clients behind equal-cost routers come and go,
 * and every connection must have one whole file.
 */

import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { mixedUp, openWatchLab, SERVICE_PORT, type WatchFile, type WatchLab } from './watch-lab.ts';

const CLIENTS = 20;
/** One behind another on each path. */
const ROUTERS = 3;
const VISITS = { connections: 200, durationMs: 3000 };
let lab: WatchLab;

beforeAll(async () => {
  lab = await openWatchLab(CLIENTS);
});

afterAll(async () => {
  await lab?.close();
});

function countBy(files: readonly WatchFile[], key: (file: WatchFile) => string) {
  const counts: Record<string, number> = {};
  for (const file of files) counts[key(file)] = (counts[key(file)] ?? 0) + 1;
  return counts;
}

describe('fantrace watch', () => {
  it('gives every connection one whole file, and traces to each client once', async () => {
    const run = await lab.watch([]);
    try {
      const made = await lab.visit(VISITS);
      await run.reaches('fantrace_connections_total{source="netlink"}', VISITS.connections);
      expect(await run.stop()).toBe(0);
      const files = run.files();
      expect(countBy(files, ({ destination }) => destination)).toEqual(made);
      expect(new Set(files.map(({ metadata }) => metadata.UUID)).size).toBe(VISITS.connections);
      const own = files.filter(({ metadata }) => !metadata.CachedResult);
      expect(Object.values(countBy(own, ({ destination }) => destination))).toEqual(
        lab.clients.map(() => 1),
      );
      expect(mixedUp(files)).toEqual([]);
      for (const { name, metadata, types } of files) {
        expect(name).toMatch(/^\d{4}\/\d\d\/\d\d\/\d{8}T\d{6}Z_\S+\.jsonl$/);
        expect(name.endsWith(`_${metadata.UUID}.jsonl`)).toBe(true);
        expect(types).toEqual(['cycle-start', 'tracelb', 'cycle-stop']);
      }
    } finally {
      run.remove();
    }
  });
});

describe("tcp-info's event socket", () => {
  it('names connections, and their files', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-watch-events-'));
    const socket = path.join(folder, 'sock');
    const server = createServer((client) => {
      for (const [i, address] of lab.clients.entries()) {
        const ends = {
          SrcIP: lab.serverFor(address),
          DstIP: address,
          SPort: 80,
          DPort: 50_000 + i,
        };
        const uuid = `info_1_${i}`;
        client.write(`${JSON.stringify({ Event: 0, UUID: uuid, ID: { ...ends, Cookie: i } })}\n`);
        client.write(`${JSON.stringify({ Event: 1, UUID: uuid, ID: null })}\n`);
      }
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const run = await lab.watch(['--source', 'eventsocket', '--eventsocket', socket]);
    try {
      await run.reaches('fantrace_connections_total{source="eventsocket"}', CLIENTS);
      expect(await run.stop()).toBe(0);
      const found = run.files().map(({ destination, metadata }) => [destination, metadata.UUID]);
      const expected = lab.clients.map((address, i) => [address, `info_1_${i}`]);
      expect(new Map(found as [string, string][])).toEqual(new Map(expected as [string, string][]));
    } finally {
      run.remove();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('fantrace watch as a service', () => {
  let place = '';

  beforeAll(() => {
    place = mkdtempSync(path.join(tmpdir(), 'fantrace-watch-service-'));
    chmodSync(place, 0o755);
  });

  afterAll(() => rmSync(place, { recursive: true }));

  it('gives up root once it is ready, and goes on tracing', async () => {
    const folder = path.join(place, 'results');
    const run = await lab.watch(['--user', 'nobody', '--file-mode', '0640'], { folder });
    const status = readFileSync(`/proc/${run.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    await lab.visit({ connections: CLIENTS, durationMs: 100 });
    await run.reaches('fantrace_connections_total{source="netlink"}', CLIENTS);
    expect(await run.stop()).toBe(0);
    const files = run.files();
    expect(files).toHaveLength(CLIENTS);
    for (const { name } of files) {
      const { uid, mode } = statSync(path.join(folder, name));
      expect([uid, mode & 0o777]).toEqual([65_534, 0o640]);
    }
  });

  it('reads its settings anew on SIGHUP, and refuses bad ones', async () => {
    const config = path.join(place, 'config.toml');
    writeFileSync(config, '[watch]\n');
    const run = await lab.watch([], { env: { FANTRACE_CONFIG: config } });
    try {
      const [excluded = ''] = lab.clients;
      writeFileSync(config, `[watch]\nexclude = "${excluded}"\ninterval = "1m"\n`);
      run.signal('SIGHUP');
      await run.logged('settings are read anew');
      expect(run.log).toContain('"settings":["interval"],"msg":"these settings need a restart"');
      writeFileSync(config, '[watch]\nexclude = "everybody"\n');
      run.signal('SIGHUP');
      await run.logged('settings stay as they were: the new ones are refused');
      await lab.visit({ connections: CLIENTS, durationMs: 100 });
      await run.reaches('fantrace_connections_left_alone_total{reason="excluded"}', 1);
      await run.reaches('fantrace_connections_total{source="netlink"}', CLIENTS);
      expect(await run.health()).toMatchObject({ status: 'ok', problems: [] });
      expect(await run.stop('SIGINT')).toBe(0);
      const destinations = run.files().map(({ destination }) => destination);
      expect(destinations).toHaveLength(CLIENTS - 1);
      expect(destinations).not.toContain(excluded);
    } finally {
      run.remove();
    }
  });
});

/** What both ends of a connection count: bytes, segments, retransmissions. */
async function countersOf(node: string, port: number): Promise<string[]> {
  const argv = ['ss', '-Htni', `sport = :${port}`];
  const { stdout } = await lab.lab.exec(node, argv);
  return stdout.match(/\b(bytes|segs|data_segs|retrans|dsack)\w*:\S+/g) ?? [];
}

describe('probes of a connection that is there', () => {
  const CLIENT_PORT = 45_000;
  const fixture = (name: string): string =>
    fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

  it.each([0, 1])('name the routers, and do not disturb it: client %i', async (i) => {
    const client = lab.clients[i] ?? '';
    const server = lab.serverFor(client);
    const live = lab.lab.spawn(TARGET, [
      process.execPath,
      fixture('watch-live-client.mjs'),
      ...[server, String(SERVICE_PORT), client, String(CLIENT_PORT)],
    ]);
    await once(live.stdout, 'data');
    const counters = async () => [
      await countersOf(SOURCE, SERVICE_PORT),
      await countersOf(TARGET, CLIENT_PORT),
    ];
    const before = await counters();
    expect(before.every((each) => each.length > 0)).toBe(true);
    const { stdout, stderr } = await lab.lab.exec(SOURCE, [
      process.execPath,
      fixture('watch-native-trace.mjs'),
      ...[server, String(SERVICE_PORT), client, String(CLIENT_PORT)],
    ]);
    expect(stderr).toBe('');
    expect(await counters()).toEqual(before);
    const result = JSON.parse(stdout.split('\n')[1] ?? '') as Record<string, unknown>;
    expect(result).toMatchObject({ method: 'tcp-ack', sport: SERVICE_PORT, dport: CLIENT_PORT });
    expect(result['hop_count']).toBe(ROUTERS);
    const addresses = (result['hops'] as { addr: string }[]).map(({ addr }) => addr);
    expect(new Set(addresses).size).toBe(ROUTERS);
    expect(addresses).not.toContain(client);
    const said = once(live.stdout, 'data');
    live.stdin.write('\n');
    expect(String((await said)[0])).toBe('received 1\n');
  });
});
