/** `fantrace isolate` from the outside: what it prints where, and its exit status. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli, type Outcome, outcomeOf } from './installed-cli.ts';

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

const DEMO = ['isolate', '--simulate', 'one-link-loses-20-percent', '--seed', '1'];
const ESCAPE = '\u001b';

/** Every key of the record, however deep; elements of arrays together as `[]`. */
function keysOf(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => keysOf(item, `${at}[]`)))];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const own = at === '' ? key : `${at}.${key}`;
    return [own, ...keysOf(item, own)];
  });
}

const RECORD_KEYS = `
  schema version startedAt durationMs partial simulated targets source protocol family seed minTtl
  confidence stopReason probesNeeded probesSent repliesReceived verdict excludedLossRatio
  untestable summary
  suspects rejected paths hops links flows reproduce measurement
  targets[].name targets[].address targets[].port
  suspects[].kind suspects[].near suspects[].far suspects[].addresses suspects[].ttl
  suspects[].direction suspects[].lossRatio suspects[].lossInterval suspects[].probability
  suspects[].flowsAcross suspects[].flowsLossy suspects[].equivalents
  paths.found paths.lossy paths.broken
  hops[].ttl hops[].interfaces hops[].interfaces[].address hops[].interfaces[].name
  hops[].interfaces[].flows hops[].interfaces[].sent hops[].interfaces[].received
  hops[].interfaces[].mpls
  links[].near links[].far links[].ttl links[].flows
  flows[].target flows[].sourcePort flows[].path flows[].sent flows[].received flows[].changedPath
  flows[].lossy
  reproduce.faulty reproduce.control
  measurement.socketDrops measurement.sendErrors measurement.foreignReplies measurement.malformed
  measurement.lateReplies measurement.loopDelayP99Ms
`
  .trim()
  .split(/\s+/);

describe('a simulated run', () => {
  test('names the link in the first line of stdout, whole, and leaves stderr empty', async () => {
    const { status, stdout, stderr } = await cli.run(DEMO);
    expect(status).toBe(2);
    expect(stderr).toBe('');
    const [first] = stdout.split('\n');
    expect(first).toContain('10.1.2.2 → 10.1.14.2');
    expect(first).toMatch(/\.$/);
    expect(stdout).not.toContain(ESCAPE);
  });

  test('writes one JSON document with every key of the record', async () => {
    const { status, stdout, stderr } = await cli.run([...DEMO, '--json']);
    expect(status).toBe(2);
    expect(stderr).toBe('');
    expect(stdout.trimEnd()).not.toContain('\n');
    const record = JSON.parse(stdout);
    expect(keysOf(record)).toEqual(expect.arrayContaining(RECORD_KEYS));
    expect(record).toMatchObject({
      schema: 'fantrace.isolate/1',
      version: JSON.parse(readFileSync(path.join(cli.package, 'package.json'), 'utf8')).version,
      verdict: 'loss-located',
      seed: 1,
      family: 4,
      protocol: 'tcp',
      partial: false,
      simulated: 'one-link-loses-20-percent',
    });
    expect(record.startedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(record.suspects[0]).toMatchObject({ kind: 'link', near: '10.1.2.2', far: '10.1.14.2' });
    const [human] = (await cli.run(DEMO)).stdout.split('\n');
    expect(human).toBe(record.summary);
  });

  test('repeats itself byte for byte with the same seed, but for the time of day', async () => {
    const [one, two] = await Promise.all([
      cli.run([...DEMO, '--json']),
      cli.run([...DEMO, '--json']),
    ]);
    const timeless = ({ stdout }: Outcome) =>
      stdout.replace(/"startedAt":"[^"]*"/, '"startedAt":""');
    expect(timeless(one)).toBe(timeless(two));
    const other = await cli.run([...DEMO.slice(0, -1), '2', '--json']);
    expect(JSON.parse(other.stdout).seed).toBe(2);
    expect(JSON.parse(other.stdout).probesSent).not.toBe(JSON.parse(one.stdout).probesSent);
  });

  test('says which seed it drew, which repeats it', async () => {
    const drawn = JSON.parse((await cli.run([...DEMO.slice(0, 3), '--json'])).stdout);
    const again = await cli.run([...DEMO.slice(0, 3), '--seed', `${drawn.seed}`, '--json']);
    expect({ ...JSON.parse(again.stdout), startedAt: '' }).toEqual({ ...drawn, startedAt: '' });
  });

  test.each([
    { scenario: 'healthy-fabric', verdict: 'no-loss', status: 0 },
    { scenario: 'silent-routers-are-not-loss', verdict: 'no-loss', status: 0 },
    { scenario: 'target-does-not-answer', verdict: 'target-unreachable', status: 2 },
    { scenario: 'last-link-loses', verdict: 'target-loss', status: 2 },
    { scenario: 'black-hole-behind-one-link', verdict: 'loss-located', status: 2 },
  ])('of $scenario ends in $verdict with status $status', async ({ scenario, verdict, status }) => {
    const args = ['isolate', '--simulate', scenario, '--seed', '1', '--json'];
    const outcome = await cli.run(args);
    expect(JSON.parse(outcome.stdout).verdict).toBe(verdict);
    expect(outcome.status).toBe(status);
  });

  test('is inconclusive, status 3, when nothing at all answers', async () => {
    const scenario = path.join(cli.folder, 'nothing-answers.json');
    const text = JSON.stringify({
      shows: 'Nobody answers.',
      fabric: { widths: [1] },
      routers: { 'r1.0': { silent: true } },
      target: { answer: 'drop' },
      truth: { verdict: 'inconclusive' },
    });
    writeFileSync(scenario, text);
    const args = ['isolate', '--simulate', scenario];
    const { status, stdout, stderr } = await cli.run(args);
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
    expect(stdout).toMatch(/^Inconclusive: nothing answered/);
    expect(JSON.parse((await cli.run([...args, '--json'])).stdout)).toMatchObject({
      verdict: 'inconclusive',
      simulated: 'nothing-answers',
    });
  });

  test.each([
    { flag: '-4', family: 4, target: '10.200.0.1' },
    { flag: '-6', family: 6, target: 'fdec:200::1' },
  ])('with $flag probes IPv$family', async ({ flag, family, target }) => {
    const { stdout } = await cli.run([...DEMO, flag, '--json', '--port', '443']);
    expect(JSON.parse(stdout)).toMatchObject({
      family,
      targets: [{ address: target, port: 443 }],
    });
  });

  test('takes its flags before and behind the target, and joined by =', async () => {
    const before = await cli.run([...DEMO, '--json', 'a.example']);
    const behind = await cli.run([
      'isolate',
      'a.example',
      '--json',
      '--seed=1',
      '--simulate=one-link-loses-20-percent',
    ]);
    const record = JSON.parse(before.stdout);
    expect(record.targets[0].name).toBe('a.example');
    expect(JSON.parse(behind.stdout)).toEqual({
      ...record,
      startedAt: expect.anything(),
    });
  });

  test('shows no control characters, even of the name it was given', async () => {
    const { stdout } = await cli.run([...DEMO, `a${ESCAPE}]0;b\u0007\u009b31m`]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(stdout).toContain('a\\u{1b}]0;b\\u{7}\\u{9b}31m');
  });

  test('loads neither koffi nor p-limit', async () => {
    const probe = path.join(cli.folder, 'loaded.cjs');
    const loaded = `process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')));`;
    writeFileSync(probe, loaded);
    const hook = path.join(cli.folder, 'resolved.mjs');
    const resolved = `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(
        'import { writeSync } from "node:fs"; export async function load(url, context, next) { writeSync(2, url + "\\\\n"); return next(url, context); }'));`;
    writeFileSync(hook, resolved);
    const env = { NODE_OPTIONS: `--require ${probe} --import ${hook}` };
    const { stderr } = await cli.run(DEMO, { env });
    expect(stderr).toContain('main.js'); // the hook sees what is loaded
    expect(stderr).not.toMatch(/koffi|p-limit|raw-link/);
  });
});

describe('a stream', () => {
  test('closed early by its reader is no failure', async () => {
    const script = `"$0" "$1" isolate --simulate one-link-loses-20-percent | head -n 1; exit "\${PIPESTATUS[0]}"`;
    const command = ['bash', '-c', script, process.execPath, cli.executable];
    const { status, stdout, stderr } = await outcomeOf(command);
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    expect(stdout).toMatch(/^The link .*\n$/);
  });

  test('closed before there is a verdict does not look like one', async () => {
    const script = `"$0" "$1" isolate --simulate one-link-loses-20-percent --jsonl | head -n 1; exit "\${PIPESTATUS[0]}"`;
    const command = ['bash', '-c', script, process.execPath, cli.executable];
    const { status } = await outcomeOf(command);
    expect([1, 2]).toContain(status);
  });

  test.runIf(process.platform === 'linux')('that takes nothing is told in one line', async () => {
    const script = `exec "$0" "$1" isolate --simulate healthy-fabric > /dev/full`;
    const command = ['bash', '-c', script, process.execPath, cli.executable];
    const { status, stderr } = await outcomeOf(command);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^fantrace: the result cannot be written: ENOSPC.*\n$/);
  });

  test.each([
    { env: { FORCE_COLOR: '1' }, isPainted: true },
    { env: { FORCE_COLOR: '1', NO_COLOR: '1' }, isPainted: false },
    { env: { CI: 'true' }, isPainted: false },
    { env: {}, isPainted: false },
  ])('that is a pipe, with $env, is painted: $isPainted', async ({ env, isPainted }) => {
    const { stdout } = await cli.run(DEMO, { env });
    expect(stdout.includes(ESCAPE)).toBe(isPainted);
  });

  const isLinux = process.platform === 'linux'; // script(1) differs elsewhere
  test.runIf(isLinux).each([
    { env: { TERM: 'xterm' }, isPainted: true },
    { env: { TERM: 'xterm', NO_COLOR: '1' }, isPainted: false },
    { env: { TERM: 'dumb' }, isPainted: false },
  ])('that is a terminal, with $env, is painted: $isPainted', async ({ env, isPainted }) => {
    const run = `stty cols 60; exec '${process.execPath}' '${cli.executable}' ${DEMO.join(' ')} 2>/dev/null`;
    const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
    const script = ['script', '-qec', run, '/dev/null'];
    const { status, stdout } = await outcomeOf(script, { ...inherited, ...env });
    expect(status).toBe(2);
    expect(stdout.includes(ESCAPE)).toBe(isPainted);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no columns
    const lines = stdout.replaceAll(/\u001b\[\d+m/g, '').split(/\r?\n/);
    // Commands to paste stay whole.
    const prose = lines.filter((line) => !/^ +(nc|curl|tcpdump) /.test(line));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.join(' ')).toMatch(/^The link 10\.1\.2\.2 → 10\.1\.14\.2/);
  });
});

describe('the package', () => {
  test('holds the program, its scenarios and its papers, and nothing of the workshop', () => {
    const files = readdirSync(cli.package, { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'package.json',
        'dist/bundle/main.js',
        'dist/bundle/LICENSES.txt',
        'dist/index.js',
        'dist/index.d.ts',
        'man/fantrace.1',
        'scenarios/one-link-loses-20-percent.json',
        'schemas/isolate-1.json',
      ]),
    );
    const strays = files.filter(
      (file) => !/^(dist|man|packaging|scenarios|schemas)(\/|$)|^[A-Zp][^/]+$/.test(file),
    );
    expect(strays).toEqual([]);
    expect(
      files.filter((file) => /\.test\.|\.map$|\.ts$/.test(file) && !/\.d\.ts$/.test(file)),
    ).toEqual([]);
  });

  test('is started by the link that npm makes', async () => {
    const { version } = JSON.parse(readFileSync(path.join(cli.package, 'package.json'), 'utf8'));
    const outcome = await outcomeOf([cli.executable, '--version']);
    expect(outcome).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});
