/** What rights a run keeps: none that it does not need, in any of its threads. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli, outcomeOf, type StartedRun } from './installed-cli.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const USER = 54_321;
const NET_RAW = 1n << 13n;
/** A namespace with nothing but a loopback interface. */
const ALONE = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const LOOPBACK = ['isolate', '127.0.0.1', '--port', '9', '--no-dns'];
/** Goes on until it is interrupted. */
const ENDLESS = ['--exclude', '0.01%', '--max-probes', '10000000', '--max-time', '24h'];

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli({ isAlone: true }); // a folder that others may not read has the program, too
});
afterAll(() => {
  cli?.remove();
});

interface Thread {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: string;
  readonly capabilities: bigint;
}

function threadsOf(pid: number): Thread[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? '';
    const numbers = (name: string) => field(name).trim().split(/\s+/).map(Number);
    const [permitted, effective] = [field('CapPrm'), field('CapEff')].map((hex) =>
      BigInt(`0x${hex}`),
    );
    return {
      uids: numbers('Uid'),
      gids: numbers('Gid'),
      groups: field('Groups').trim(),
      capabilities: (permitted ?? 0n) | (effective ?? 0n),
    };
  });
}

/** Waits until all threads of a process have become nobody. */
async function threadsOnceNobody(pid: number): Promise<ReturnType<typeof threadsOf>> {
  for (;;) {
    const threads = threadsOf(pid);
    if (threads.length > 0 && threads.every(({ uids }) => uids[0] === NOBODY)) return threads;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Waits until it measures. */
async function firstLineOf({ child }: StartedRun): Promise<void> {
  let seen = '';
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    seen += text;
    if (seen.includes('\n')) return;
  }
}

describe.runIf(isRoot)('started as root', () => {
  test('paths, too, searches as nobody without any right', async () => {
    const slowly = ['--rate', '1', '--max-time', '24h', '--no-dns', '--jsonl'];
    const env = { SUDO_UID: undefined, SUDO_GID: undefined };
    const run = cli.start(['paths', '127.0.0.1', ...slowly], { env, under: ALONE });
    await firstLineOf(run);
    const threads = threadsOf(run.child.pid ?? 0);
    run.child.kill('SIGINT');
    expect(await run.outcome).toMatchObject({ status: 130, stderr: '' });
    for (const { uids, capabilities } of threads) {
      expect({ uids, capabilities }).toEqual({ uids: Array(4).fill(NOBODY), capabilities: 0n });
    }
  });

  test.each([
    { by: 'root itself', env: { SUDO_UID: undefined, SUDO_GID: undefined }, id: NOBODY },
    { by: 'a user of sudo', env: { SUDO_UID: `${USER}`, SUDO_GID: `${USER}` }, id: USER },
    { by: 'root by sudo', env: { SUDO_UID: '0', SUDO_GID: '0' }, id: NOBODY },
    { by: 'somebody with odd ideas', env: { SUDO_UID: '-1', SUDO_GID: 'x' }, id: NOBODY },
  ])('by $by, every thread measures as user $id without any right', async ({ env, id }) => {
    const run = cli.start([...LOOPBACK, ...ENDLESS, '--jsonl'], { env, under: ALONE });
    await firstLineOf(run);
    const threads = threadsOf(run.child.pid ?? 0);
    run.child.kill('SIGINT');
    expect(await run.outcome).toMatchObject({ status: 130, stderr: '' });
    expect(threads.length).toBeGreaterThan(4);
    for (const thread of threads) {
      expect(thread).toEqual({
        uids: [id, id, id, id],
        gids: [id, id, id, id],
        groups: '',
        capabilities: 0n,
      });
    }
  });

  test('trace does so, too, and reports when interrupted', async () => {
    const env = { SUDO_UID: undefined, SUDO_GID: undefined };
    const slow = ['trace', '127.0.0.1', '-n', '-q', '100', '--rate', '1', '--json'];
    const run = cli.start(slow, { env, under: ALONE });
    const threads = await threadsOnceNobody(run.child.pid ?? 0);
    run.child.kill('SIGINT');
    const { stdout, ...rest } = await run.outcome;
    expect(rest).toEqual({ status: 130, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ rung: 'raw', partial: true, stopReason: 'aborted' });
    for (const { capabilities, groups } of threads) {
      expect([capabilities, groups]).toEqual([0n, '']);
    }
  });

  test('it still reports, from a folder that only root may read', async () => {
    chmodSync(cli.folder, 0o700);
    try {
      const env = { SUDO_UID: undefined, SUDO_GID: undefined };
      const file = path.join(cli.folder, 'run.jsonl.gz');
      const args = [...LOOPBACK.slice(0, -1), '--record', file, '--dot', `${file}.dot`];
      const { status, stdout, stderr } = await cli.run(args, { env, under: ALONE });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^No loss/);
      expect(readFileSync(`${file}.dot`, 'utf8')).toContain('digraph');
      expect((await cli.run(['analyze', file])).stdout).toBe(stdout);
      const traced = await cli.run(['trace', '127.0.0.1', 'localhost', '-n'], {
        env,
        under: ALONE,
      });
      expect(traced).toMatchObject({ status: 0, stderr: '' });
      const kept = `${file.slice(0, -3)}.sweep.jsonl.gz`;
      const sweep = ['sweep', '127.0.0.1', '--max-ttl', '2', '-o', kept];
      expect(await cli.run(sweep, { env, under: ALONE })).toMatchObject({ status: 0, stderr: '' });
      expect(gunzipSync(readFileSync(kept)).toString()).toContain('"target":"127.0.0.1"');
    } finally {
      chmodSync(cli.folder, 0o755);
    }
  });

  test('under sudo, files are opened with the rights of who called, and are theirs', async () => {
    const env = { SUDO_UID: `${USER}`, SUDO_GID: `${USER}` };
    const own = path.join(cli.folder, 'own');
    mkdirSync(own);
    chownSync(own, USER, USER);
    const file = path.join(own, 'run.jsonl');
    const allowed = await cli.run([...LOOPBACK, '--record', file], { env, under: ALONE });
    expect(allowed).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(file)).toMatchObject({ uid: USER, gid: USER });
    const foreign = path.join(cli.folder, 'of-root.jsonl');
    const denied = await cli.run([...LOOPBACK, '--record', foreign], { env, under: ALONE });
    expect(denied.status).toBe(1);
    expect(denied.stderr).toMatch(/of-root\.jsonl cannot be written: EACCES/);
    expect(existsSync(foreign)).toBe(false);
  });

  test('under sudo, a sweep goes on as who called, whose files it reads and makes', async () => {
    const env = { SUDO_UID: `${USER}`, SUDO_GID: `${USER}` };
    const own = path.join(cli.folder, 'swept');
    mkdirSync(own);
    chownSync(own, USER, USER);
    const [replies, state] = ['r.parquet', 's.json'].map((name) => path.join(own, name));
    const sweep = ['sweep', '127.0.0.1', '--max-ttl', '2'];
    const files = ['-o', `${replies}`, '--checkpoint', `${state}`];
    const allowed = await cli.run([...sweep, ...files], { env, under: ALONE });
    expect(allowed).toMatchObject({ status: 0, stderr: '' });
    for (const each of readdirSync(own, { recursive: true, encoding: 'utf8' })) {
      expect(statSync(path.join(own, each))).toMatchObject({ uid: USER, gid: USER });
    }
    const secret = path.join(cli.folder, 'secret.txt');
    writeFileSync(secret, 'a secret\n', { mode: 0o600 });
    const denied = await cli.run(['sweep', secret], { env, under: ALONE });
    expect(denied).toMatchObject({ status: 1, stderr: expect.stringContaining('EACCES') });
    expect(denied.stderr).not.toContain('a secret');
  });

  test('a sweep that makes files on the way says that it stays root', async () => {
    const env = { SUDO_UID: undefined, SUDO_GID: undefined };
    const state = path.join(cli.folder, 'state.json');
    const sweep = ['sweep', '127.0.0.1', '--max-ttl', '2', '--checkpoint', state];
    const { status, stderr } = await cli.run(sweep, { env, under: ALONE });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^fantrace: stays root, as files are to be made on the way.*\n$/);
    expect(existsSync(state)).toBe(true);
  });

  test('where there is no other user to become, it says that it stays root', async () => {
    const under = [...ALONE, 'unshare', '-r'];
    const { stderr, stdout } = await cli.run(
      ['isolate', '--simulate', 'healthy-fabric', '--seed', '1'],
      { under },
    );
    expect(stdout).toMatch(/^No loss/);
    expect(stderr).toMatch(/^fantrace: stays root, as this namespace has no other user .*\n$/);
  });
});

describe.runIf(isRoot)('with CAP_NET_RAW alone', () => {
  const nobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

  test('as an ambient capability, it measures and says what bounds it', async () => {
    const ambient = [
      ...['setpriv', ...nobody, '--inh-caps=-all,+net_raw', '--ambient-caps=-all,+net_raw'],
      ...['--bounding-set=-all,+net_raw', '--no-new-privs'],
    ];
    const under = [...ALONE, ...ambient];
    const run = cli.start([...LOOPBACK, ...ENDLESS, '--jsonl'], { under });
    await firstLineOf(run);
    const threads = threadsOf(run.child.pid ?? 0);
    run.child.kill('SIGTERM');
    const { status, stderr } = await run.outcome;
    expect(status).toBe(130);
    expect(stderr).toBe(
      `fantrace: keeps CAP_NET_RAW until it ends, as user ${NOBODY}: ` +
        'it is the only capability, no new privileges can be gained\n',
    );
    for (const { uids, capabilities } of threads) {
      expect({ uid: uids[1], capabilities }).toEqual({ uid: NOBODY, capabilities: NET_RAW });
    }
  });

  test('as a capability of a private copy of node, it measures', async () => {
    const node = path.join(cli.folder, 'fantrace-node');
    copyFileSync(process.execPath, node);
    chmodSync(node, 0o755);
    execFileSync('setcap', ['cap_net_raw+ep', node]);
    const command = [...ALONE, 'setpriv', ...nobody, node, cli.executable, ...LOOPBACK];
    const { status, stdout, stderr } = await outcomeOf(command);
    expect(stderr).toMatch(/^fantrace: keeps CAP_NET_RAW until it ends, as user 65534: .+\n$/);
    expect({ status, first: stdout.slice(0, 7) }).toEqual({ status: 0, first: 'No loss' });
  });
});

describe('without any right', () => {
  const nothing = [
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--bounding-set=-all',
  ];
  const under = isRoot ? ['setpriv', ...nothing, '--no-new-privs'] : [];

  test('the commands that grant it have full paths, and the arguments that were given', async () => {
    const args = ['isolate', '127.0.0.1', '--port', '9', '--source-port', '4000 0'];
    const { stderr } = await cli.run([...args.slice(0, -1), '4000', '--no-dns'], { under });
    const given = 'isolate 127.0.0.1 --port 9 --source-port 4000 --no-dns';
    expect(stderr).toContain(`sudo ${process.execPath} ${cli.executable} ${given}\n`);
    expect(stderr).toContain('setcap cap_net_raw+ep');
    expect(stderr).toContain('AmbientCapabilities=CAP_NET_RAW');
    expect(stderr).toContain('--cap-add NET_RAW');
  });

  test('doctor says what is missing, what works without it, and how to get it', async () => {
    const { status, stdout, stderr } = await cli.run(['doctor'], { under });
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    expect(stdout).toMatch(/^fantrace isolate cannot measure here: raw sockets are denied/);
    expect(stdout).toMatch(/raw sockets {17}no {6}no\n/);
    expect(stdout).toMatch(/IPv4 raw sockets: EPERM: CAP_NET_RAW is missing/);
    expect(stdout).toContain('ICMP errors without rights  yes');
    expect(stdout).toContain(`sudo ${process.execPath} ${cli.executable} `);
  });
});
