/** `--record` and `analyze`: a run told once more is the same run, and nothing is lost silently. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mmdbOf } from '../support/mmdb.ts';
import { InstalledCli } from './installed-cli.ts';
import { flawsOf } from './published-schemas.ts';

const isRoot = process.getuid?.() === 0;
let cli: InstalledCli;
let recorded: string;

beforeAll(async () => {
  cli = new InstalledCli();
  recorded = path.join(cli.folder, 'recorded.jsonl');
  await cli.run(isolateTo(recorded));
});
afterAll(() => {
  cli?.remove();
});

const isolateTo = (file: string, scenario = 'one-link-loses-20-percent') => [
  ...['isolate', '--simulate', scenario, '--seed', '1', '--record', file],
];

describe('a replayed run', () => {
  const classes = ['-6', '--protocol', 'udp', '--packet-size', '60,9000', '--flow-label', '7'];
  test.each([
    { scenario: 'one-link-loses-20-percent', name: 'a.jsonl', form: '--json', status: 2 },
    { scenario: 'one-link-loses-20-percent', name: 'b.jsonl.gz', form: '--jsonl', status: 2 },
    { scenario: 'two-targets-share-a-lossy-link', name: 'g.jsonl.gz', form: '--json', status: 2 },
    { scenario: 'healthy-fabric', name: 'c.jsonl.gz', form: '--show=all', status: 0 },
    { scenario: 'target-does-not-answer', name: 'd.jsonl', form: '--json', status: 2 },
    { scenario: 'large-packets-are-lost', name: 'e.jsonl.gz', form: '--json', status: 2, classes },
    { scenario: 'large-packets-are-lost', name: 'f.jsonl', form: '--jsonl', status: 2, classes },
  ])(
    'of $scenario in $name, with $form',
    async ({ scenario, name, form, status, classes: flags = [] }) => {
      const file = path.join(cli.folder, name);
      const live = await cli.run([...isolateTo(file, scenario), ...flags, form]);
      expect(live).toMatchObject({ status, stderr: '' });
      expect(await cli.run(['analyze', file, form])).toEqual(live);
      const isCompressed = readFileSync(file)[0] === 0x1f;
      expect(isCompressed).toBe(name.endsWith('.gz'));
    },
  );

  test.each([
    { shows: 'before its first probe', rounds: 0 },
    { shows: 'between two probes', rounds: 3 },
  ])('of one interrupted $shows ends where that did', async ({ rounds }) => {
    const file = path.join(cli.folder, `interrupted-${rounds}.jsonl`);
    const endless = ['--exclude', '0.01%', '--max-probes', '10000000', '--max-time', '24h'];
    const run = cli.start([...isolateTo(file, 'healthy-fabric'), ...endless, '--jsonl']);
    await run.hasStarted;
    let seen = '';
    for await (const text of rounds === 0
      ? []
      : run.child.stdout.iterator({ destroyOnReturn: false })) {
      seen += text;
      if (seen.split('"type":"round"').length > rounds) break;
    }
    run.child.kill('SIGINT');
    const live = await run.outcome;
    expect(live.status).toBe(130);
    const replayed = await cli.run(['analyze', file, '--jsonl']);
    expect(replayed.status).toBe(130);
    expect(replayed.stdout.endsWith(live.stdout)).toBe(true);
    expect(JSON.parse(replayed.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'end',
      partial: true,
    });
  });

  test.runIf(isRoot)('on real sockets is the same to the byte', async () => {
    const file = path.join(cli.folder, 'host.jsonl.gz');
    const args = ['isolate', '127.0.0.1', '--port', '9', '--record', file, '--json'];
    const live = await cli.run(args);
    expect(live).toMatchObject({ status: 0, stderr: '' });
    expect(await cli.run(['analyze', file, '--json'])).toEqual(live);
    // A record of the network that was measured: replaying needs no right and no network.
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const under = ['unshare', '-n', ...nobody];
    expect(await cli.run(['analyze', file, '--json'], { under })).toEqual(live);
  });
});

test('--asn-db tells whose network an interface is in, and the recording keeps it', async () => {
  const database = path.join(cli.folder, 'as.mmdb');
  const asn = (number: number) => ({
    autonomous_system_number: number,
    autonomous_system_organization: `NET-${number}\u001b[2J`,
  });
  const networks = [
    { prefix: '10.0.0.0/8', fields: asn(64_500) },
    { prefix: '10.1.14.0/24', fields: asn(64_501) },
  ];
  writeFileSync(database, mmdbOf(networks));
  const file = path.join(cli.folder, 'as.jsonl.gz');
  const live = await cli.run([...isolateTo(file), '--asn-db', database]);
  expect(live.stdout).toContain('10.1.2.2 [AS64500 NET-64500\\u{1b}[2J]');
  expect(live.stdout).toContain(
    'it is between AS64500 NET-64500\\u{1b}[2J and AS64501 NET-64501\\u{1b}[2J',
  );
  expect(await cli.run(['analyze', file])).toEqual(live);
  const record = JSON.parse((await cli.run(['analyze', file, '--json'])).stdout);
  expect(flawsOf('isolate-1', record)).toEqual([]);
  expect(record.hops[0].interfaces[0].as).toMatchObject({ asn: 64_500 });
  const end = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n').at(-1) ?? '';
  expect(flawsOf('recording-1', JSON.parse(end))).toEqual([]);
  const absent = await cli.run(['analyze', file, '--asn-db', '/absent.mmdb', '--json']);
  expect(absent.status).toBe(1);
  expect(JSON.parse(absent.stdout)).toMatchObject({ code: 'AS_DATABASE_UNREADABLE' });
});

test('no text of a recording reaches a terminal as it is', async () => {
  const text = readFileSync(recorded, 'utf8');
  const evil = path.join(cli.folder, 'evil.jsonl');
  const changed = text
    .replace('"names":{}', '"names":{"10.1.0.2":"\\u001b[2J"}')
    .replace('"origins":{}', '"origins":{"10.1.0.2":{"asn":"\\u001b[2J","name":null}}')
    .replace('"targetNames":["', '"targetNames":["\\u001b[31m')
    .replace('"notes":[]', '"notes":["\\u001b[7m"]');
  expect(changed.split('\\u001b')).toHaveLength(5);
  writeFileSync(evil, changed);
  const { status, stdout } = await cli.run(['analyze', evil]);
  expect(status).toBe(2);
  expect(stdout).not.toContain('\u001b');
  expect(stdout).toContain('\\u{1b}[2J');
});

test('every line is what the published schema says', () => {
  const lines = readFileSync(recorded, 'utf8').trimEnd().split('\n');
  const kinds = new Set<string>();
  for (const line of lines) {
    const event = JSON.parse(line);
    if (kinds.has(event.type)) continue;
    kinds.add(event.type);
    expect(flawsOf('recording-1', event)).toEqual([]);
  }
  expect(kinds).toEqual(new Set(['start', 'clock', 'sent', 'received', 'end']));
});

describe('a file that is no whole recording is refused', () => {
  const text = () => readFileSync(recorded, 'utf8');
  const swapped = () => {
    const [start = '', ...lines] = text().split('\n');
    return [start.replace('"minTtl":1', '"minTtl":2'), ...lines].join('\n');
  };
  test.each([
    { shows: 'cut in a line', bytes: () => text().slice(0, -20), code: 'RECORDING_TRUNCATED' },
    {
      shows: 'cut between lines',
      bytes: () => `${text().split('\n').slice(0, 50).join('\n')}\n`,
      code: 'RECORDING_TRUNCATED',
    },
    {
      shows: 'cut while compressed',
      bytes: () => gzipSync(text()).subarray(0, 5000),
      code: 'RECORDING_TRUNCATED',
    },
    { shows: 'of another option', bytes: swapped, code: 'RECORDING_DIVERGES' },
    {
      shows: 'without one reply',
      bytes: () => text().replace(/\{"type":"received".*\n/, ''),
      code: 'RECORDING_DIVERGES',
    },
    {
      shows: 'of another schema',
      bytes: () => text().replace('fantrace.recording/1', 'fantrace.recording/9'),
      code: 'RECORDING_INVALID',
    },
    { shows: 'of another document', bytes: () => '{"type":"x"}\n', code: 'FORMAT_UNKNOWN' },
    { shows: 'of no JSON', bytes: () => 'hello\n', code: 'FORMAT_UNKNOWN' },
    { shows: 'of nothing', bytes: () => '', code: 'FORMAT_UNKNOWN' },
    {
      shows: 'with a broken line',
      bytes: () => text().replace(/\n\{"type":"received"/, '\n{"type":received'),
      code: 'RECORDING_INVALID',
    },
    {
      shows: 'with wrong options',
      bytes: () => text().replace(/"options":\{[^}]*\}/, '"options":{}'),
      code: 'RECORDING_',
    },
  ])('$shows: $code', async ({ bytes, code, shows }) => {
    const file = path.join(cli.folder, `${shows.replaceAll(' ', '-')}.jsonl`);
    writeFileSync(file, bytes());
    const { status, stdout, stderr } = await cli.run(['analyze', file, '--json']);
    expect({ status, stderr: stderr.match(/this is a bug/) }).toEqual({ status: 1, stderr: null });
    expect(JSON.parse(stdout).code).toMatch(code);
    expect(stderr).toMatch(/^fantrace: .*recording.*\n$/);
  });

  test.each([
    { file: '/no/such', says: 'cannot be read: ENOENT' },
    { file: '/', says: 'cannot be read: it is a folder' },
    { file: '/dev/zero', says: 'it is no file' },
  ])('$file', async ({ file, says }) => {
    const { status, stderr } = await cli.run(['analyze', file]);
    expect(status).toBe(1);
    expect(stderr).toContain(says);
  });
});

describe('a place that cannot be written', () => {
  test.each(['--record', '--svg', '--dot', '--html'])(
    'fails %s before anything is measured',
    async (flag) => {
      const args = ['isolate', '--simulate', 'healthy-fabric', flag, '/no/such/file', '--json'];
      const { status, stdout, stderr } = await cli.run(args);
      expect(status).toBe(1);
      expect(JSON.parse(stdout).code).toBe('OUTPUT_UNWRITABLE');
      expect(stderr).toMatch(`${flag}: /no/such/file cannot be written: ENOENT`);
    },
  );

  test.each(['--record', '--svg', '--dot', '--html'])(
    '%s to a full disk: the verdict, and status 1 unless that tells of a loss',
    async (flag) => {
      const args = ['isolate', '--simulate', 'healthy-fabric', '--seed', '1', flag, '/dev/full'];
      const { status, stdout, stderr } = await cli.run([...args, '--json']);
      expect(status).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'no-loss' });
      const lossy = args.with(2, 'one-link-loses-20-percent');
      expect((await cli.run(lossy)).status).toBe(2);
      expect(stderr).toMatch(
        new RegExp(`^fantrace: ${flag}: /dev/full cannot be written: ENOSPC.*\\n$`),
      );
    },
  );

  test.runIf(isRoot)('a disk that fills up leaves a file that is refused', async () => {
    const disk = path.join(cli.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      const file = path.join(disk, 'run.jsonl');
      const { status, stdout, stderr } = await cli.run([...isolateTo(file), '--json']);
      expect(status).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'loss-located' });
      expect(stderr).toMatch(/^fantrace: --record: .*ENOSPC.*\n$/);
      const { stderr: refusal } = await cli.run(['analyze', file]);
      expect(refusal).toMatch(/truncated/);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('one file for two flags is refused', async () => {
    const file = path.join(cli.folder, 'both');
    const { status, stderr } = await cli.run([...isolateTo(file), '--svg', file]);
    expect(status).toBe(1);
    expect(stderr).toContain('is already written by --record');
    rmSync(file);
  });
});

test('what a file held stays until there is something new to write', async () => {
  const file = path.join(cli.folder, 'kept.svg');
  writeFileSync(file, 'old');
  await cli.run(['isolate', '--simulate', 'no-such-scenario', '--svg', file]);
  expect(readFileSync(file, 'utf8')).toBe('old');
  await cli.run(['isolate', '--simulate', 'healthy-fabric', '--seed', '1', '--svg', file]);
  expect(readFileSync(file, 'utf8')).toMatch(/^<(\?xml|svg)[\s\S]*<\/svg>\n?$/);
});

test('a compressed recording is the same, only compressed', async () => {
  const file = path.join(cli.folder, 'same.jsonl.gz');
  await cli.run(isolateTo(file));
  const timeless = (text: string) => text.replace(/"startedAt":"[^"]*"/, '');
  const unpacked = gunzipSync(readFileSync(file)).toString();
  expect(timeless(unpacked)).toBe(timeless(readFileSync(recorded, 'utf8')));
});
