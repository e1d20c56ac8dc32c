/** Trouble on our own host during a run: the verdict stays what it is, or says that it is spoiled. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { InstalledCli, outcomeOf, type StartedRun } from './installed-cli.ts';

const isRoot = process.getuid?.() === 0;
/** A namespace with nothing but a loopback interface. */
const ALONE = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const LOOPBACK = ['isolate', '127.0.0.1', '--port', '9'];

/** Keeps a run going until its time is over. */
const ENDLESS = ['--exclude', '0.01%', '--max-probes', '10000000', '--max-time', '5s'];
const FORGER = fileURLToPath(new URL('../lab/fixtures/forger.mjs', import.meta.url));
/** More than any receive buffer of ours holds: each packet takes at least 256 bytes of it. */
const FLOOD = 150_000;
const PER_SECOND = 100_000;

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
    expect(record.measurement.loopDelayMaxMs).toBeGreaterThan(1500);
    expect(record.rejected).toMatchObject([{ cause: 'own-host', where: '127.0.0.1' }]);
  });

  test('says so when its event loop stands still again and again', async () => {
    const stalls = path.join(cli.folder, 'stalls.mjs');
    const text = `setInterval(() => {
      const until = Date.now() + 200;
      while (Date.now() < until);
    }, 100).unref();`;
    writeFileSync(stalls, text);
    const recording = path.join(cli.folder, 'stalls.jsonl');
    const env = { NODE_OPTIONS: `--import ${stalls}` };
    const args = [...LOOPBACK, '--no-dns', ...ENDLESS, '--jsonl', '--record', recording];
    const run = cli.start(args, { under: ALONE, env });
    const { verdict, measurement } = await endOf(run);
    expect(['no-loss', 'inconclusive']).toContain(verdict.verdict);
    expect(verdict.suspects).toEqual([]);
    expect(measurement.loopDelayP99Ms).toBeGreaterThan(100);
    expect(verdict.rejected).toMatchObject([{ cause: 'own-host', where: '127.0.0.1' }]);
    await expectToldOf(recording, verdict, /this host was busy: our process waited up to \d+ ms/);
  });

  test('says so when its interface goes down', async () => {
    const recording = path.join(cli.folder, 'down.jsonl');
    const args = [...LOOPBACK, '--no-dns', ...ENDLESS, '--jsonl', '--record', recording];
    const run = cli.start(args, { under: ALONE });
    await hasRounds(run, 3);
    // Other interfaces lose their routes as they go down, the loopback with its address.
    const goDown = 'ip address flush dev lo && ip link set lo down';
    await outcomeOf([...networkOf(run), 'sh', '-c', goDown]);
    const { verdict, measurement } = await endOf(run);
    expect(measurement.sendErrors).toBeGreaterThan(0);
    expect(['no-loss', 'inconclusive']).toContain(verdict.verdict);
    expect(verdict.suspects).toEqual([]);
    expect(verdict.rejected).toMatchObject([{ cause: 'own-host', where: '127.0.0.1' }]);
    await expectToldOf(recording, verdict, /sending refused by our own kernel \d+ times?/);
  });

  test('says so when its socket buffer is full, as it was not read', async () => {
    const [recording, stall, over] = ['full.jsonl', 'hold.mjs', 'over'].map((name) =>
      path.join(cli.folder, name),
    ) as [string, string, string];
    const text = `import { existsSync } from 'node:fs';
    process.on('SIGUSR2', () => {
      while (!existsSync(${JSON.stringify(over)}));
    });`;
    writeFileSync(stall, text);
    const args = [...LOOPBACK, '--no-dns', ...ENDLESS, '--jsonl', '--record', recording];
    const run = cli.start(args, { under: ALONE, env: { NODE_OPTIONS: `--import ${stall}` } });
    await hasRounds(run, 3);
    run.child.kill('SIGUSR2');
    const ends = ['127.0.0.1', '127.0.0.1', '127.0.0.2'];
    const numbers = [9, 32_768, FLOOD, PER_SECOND].map(String);
    const flood = await outcomeOf([
      ...networkOf(run),
      process.execPath,
      FORGER,
      ...ends,
      ...numbers,
    ]);
    writeFileSync(over, '');
    expect(flood).toMatchObject({ status: 0, stderr: '' });
    const { verdict, measurement } = await endOf(run);
    expect(measurement.socketDrops).toBeGreaterThan(0);
    expect(measurement.foreignReplies).toBeGreaterThan(0);
    expect(['no-loss', 'inconclusive', 'loss-suspected']).toContain(verdict.verdict);
    expect(verdict.rejected.map(({ cause }) => cause)).toEqual(['own-host', 'own-host']);
    expect(verdict.rejected[0]?.why).toMatch(/^this host dropped \d+ received packets/);
    expect(verdict.rejected[1]?.why).toMatch(/^this host was busy for up to \d+ ms at a time/);
    await expectToldOf(recording, verdict, /\d+ packets lost by our own kernel before we read/);
  });

  test('does not wait for a DNS that is dead', async () => {
    const resolver = path.join(cli.folder, 'resolv.conf');
    writeFileSync(resolver, 'nameserver 127.0.0.1\nnameserver 192.0.2.1\n');
    const inside = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const under = ['unshare', '-mn', 'sh', '-c', inside, resolver];
    // The hosts file, which is asked first, has a name for the first address of the loopback.
    const args = ['isolate', '127.0.0.2', '--port', '9', '--json'];
    const { status, stdout, stderr } = await cli.run(args, { under });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { hops } = JSON.parse(stdout);
    expect(hops[0].interfaces[0]).toMatchObject({ address: '127.0.0.2', name: null });
  });
});

/** Waits until so many rounds are over. */
async function hasRounds({ child }: StartedRun, rounds: number): Promise<void> {
  let seen = '';
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    seen += text;
    if (seen.split('"type":"round"').length > rounds) break;
  }
}

/** What runs a command in the network namespace of a run. */
function networkOf({ child }: StartedRun): string[] {
  return ['nsenter', '--target', `${child.pid}`, '--net'];
}

/** The two last records of a run with `--jsonl`. */
async function endOf({ outcome }: StartedRun) {
  const { stdout } = await outcome;
  const lines = stdout.trimEnd().split('\n');
  const [verdict, { measurement }] = lines.slice(-2).map((line) => JSON.parse(line));
  return { verdict, measurement } as Pick<IsolateRecord, 'measurement'> & {
    verdict: IsolateRecord;
  };
}

/** In the text report of the run: at the end, and at once where the verdict is not sure. */
async function expectToldOf(
  recording: string,
  { verdict, summary }: Pick<IsolateRecord, 'verdict' | 'summary'>,
  what: RegExp,
): Promise<void> {
  const { stdout } = await cli.run(['analyze', recording]);
  const [first, second = ''] = stdout.split('\n');
  expect(first).toBe(summary);
  expect(stdout.slice(stdout.indexOf('\nMeasurement\n'))).toMatch(what);
  if (verdict === 'no-loss') expect(second).toBe('');
  else expect(second).toMatch(what);
}
