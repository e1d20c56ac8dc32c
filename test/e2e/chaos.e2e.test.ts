/** Trouble on our own host during a run: the verdict stays what it is, or says that it is spoiled. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli } from './installed-cli.ts';

const isRoot = process.getuid?.() === 0;
/** A namespace with nothing but a loopback interface. */
const ALONE = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const LOOPBACK = ['isolate', '127.0.0.1', '--port', '9'];

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

describe.runIf(isRoot)('a run on real sockets', () => {
  test('survives an event loop that stands still for two seconds', async () => {
    const stall = path.join(cli.folder, 'stall.mjs');
    const text = `setTimeout(() => {
      const until = Date.now() + 2000;
      while (Date.now() < until);
    }, 900).unref();`;
    writeFileSync(stall, text);
    const env = { NODE_OPTIONS: `--import ${stall}` };
    const args = [...LOOPBACK, '--no-dns', '--json'];
    const { status, stdout, stderr } = await cli.run(args, { env, under: ALONE });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const record = JSON.parse(stdout);
    expect(record).toMatchObject({ verdict: 'no-loss', partial: false });
    expect(record.durationMs).toBeGreaterThan(1500); // it did stand still
  });

  test('says so when its interface goes down', async () => {
    const endless = ['--exclude', '0.01%', '--max-probes', '10000000', '--max-time', '5s'];
    const run = cli.start([...LOOPBACK, '--no-dns', ...endless, '--jsonl'], { under: ALONE });
    let seen = '';
    for await (const text of run.child.stdout.iterator({ destroyOnReturn: false })) {
      seen += text;
      if (seen.split('"type":"round"').length > 3) break;
    }
    const network = ['--target', `${run.child.pid}`, '--net', 'ip', 'link', 'set', 'lo', 'down'];
    execFileSync('nsenter', network);
    const { stdout } = await run.outcome;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [verdict, end] = lines.slice(-2);
    expect(end.measurement.sendErrors).toBeGreaterThan(0);
    expect(['no-loss', 'inconclusive']).toContain(verdict.verdict);
    expect(verdict.suspects).toEqual([]);
  });

  test('does not wait for a DNS that is dead', async () => {
    const resolver = path.join(cli.folder, 'resolv.conf');
    writeFileSync(resolver, 'nameserver 127.0.0.1\nnameserver 192.0.2.1\n');
    const inside = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const under = ['unshare', '-mn', 'sh', '-c', inside, resolver];
    const { status, stdout, stderr } = await cli.run([...LOOPBACK, '--json'], { under });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { hops } = JSON.parse(stdout);
    expect(hops[0].interfaces[0]).toMatchObject({ address: '127.0.0.1', name: null });
  });
});
