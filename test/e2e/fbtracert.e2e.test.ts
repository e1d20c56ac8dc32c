/** `fbtracert` as scripts call it: its flags, what it prints where, and its exit status. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli, type Outcome, outcomeOf } from './installed-cli.ts';

const LOSSY = ['-simulate', 'one-link-loses-20-percent', '-seed', '1'];
const CLEAN = ['-simulate', 'healthy-fabric', '-seed', '1'];
const isRoot = process.getuid?.() === 0;
const UNPRIVILEGED = isRoot
  ? 'setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs'.split(
      ' ',
    )
  : [];
const ANNOUNCEMENT = [
  'Using as source address: 10.100.0.1',
  'Starting fbtracert with 96 probes per second/ttl, base src port 32768 and with the port span of 256',
  "Use '-logtostderr=true' cmd line option to see GLOG output",
];

const DOCS = fileURLToPath(new URL('../../docs/fbtracert.md', import.meta.url));
/** Lines that begin with `$ fbtracert`, and what is shown below them. */
const EXAMPLES = [...readFileSync(DOCS, 'utf8').matchAll(/^\$ fbtracert (.*)\n([^`]*)^```/gm)].map(
  ([, line = '', shown = '']) => ({ line, shown }),
);

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

function fbtracert(args: readonly string[], under: readonly string[] = []): Promise<Outcome> {
  const executable = path.join(cli.bin, 'fbtracert');
  return outcomeOf([...under, process.execPath, executable, ...args]);
}

describe('a run', () => {
  test('says what the original says, then the verdict, on stderr', async () => {
    const { status, stderr } = await fbtracert(LOSSY);
    expect(status).toBe(0);
    const [source, start, hint, verdict, ...more] = stderr.split('\n');
    expect([source, start, hint]).toEqual(ANNOUNCEMENT);
    expect(verdict).toMatch(/^The link 10\.1\.2\.2 → 10\.1\.14\.2 loses .* % of packets/);
    expect(more).toEqual(['']);
  });

  test('prints every lossy port in tables, in order', async () => {
    const { stdout } = await fbtracert([...LOSSY, '-maxColumns', '3']);
    const { stdout: json } = await fbtracert([...LOSSY, '-jsonOutput']);
    const ports = [...stdout.matchAll(/PORT: (\d+)/g)].map(([, port]) => port);
    expect(ports).toEqual(Object.keys(JSON.parse(json).Paths));
    expect(ports.length).toBeGreaterThan(3);
    expect(stdout.match(/^\| TTL \|/gm)).toHaveLength(Math.ceil(ports.length / 3));
    expect(stdout).toMatch(/^\| {3}1 \| 10\.1\.0\.2 +\| \d\d\/\d\d {5}\|/m);
    expect(stdout).toMatch(/\+\n\n$/);
  });

  test('prints three keys as JSON, with vectors of one length for each port', async () => {
    const { status, stdout } = await fbtracert([...LOSSY, '-jsonOutput', 'db7.example']);
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual(['Paths', 'Sent', 'Rcvd']);
    for (const [port, hops] of Object.entries<string[]>(report.Paths)) {
      expect(hops.slice(1, 3)).toEqual(['10.1.2.2', '10.1.14.2']);
      expect(hops.at(-1)).toBe('db7.example');
      expect(report.Sent[port]).toHaveLength(hops.length);
      expect(report.Rcvd[port]).toHaveLength(hops.length);
      expect(Math.min(...report.Sent[port])).toBeGreaterThan(0);
    }
  });

  test.each([
    {
      flags: ['-minTTL', '3'],
      says: 'Loss somewhere up to TTL 3, before which no router was asked',
    },
    {
      flags: ['-minTTL', '10'],
      says: 'Loss somewhere on the way to the simulated target, which was ',
    },
    { flags: ['-maxTTL', '1'], says: 'The simulated target is farther than -maxTTL 1: ' },
  ])('$flags: no all-clear for what it did not probe', async ({ flags, says }) => {
    const { status, stderr } = await fbtracert([
      ...['-simulate', 'first-link-loses', '-seed', '1', '-maxSrcPorts', '64'],
      ...flags,
    ]);
    expect(status).toBe(0);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('--m');
  });

  test('that finds nothing prints no tables, but valid JSON', async () => {
    const table = await fbtracert(CLEAN);
    expect(table).toMatchObject({ status: 0, stdout: '' });
    expect(table.stderr).toMatch(/\nNo loss on any of \d+ paths/);
    const json = await fbtracert([...CLEAN, '-jsonOutput']);
    expect(json).toMatchObject({ status: 0 });
    expect(JSON.parse(json.stdout)).toEqual({ Paths: {}, Sent: {}, Rcvd: {} });
  });

  test('shows all paths on demand', async () => {
    const flags = ['-showAll', '-jsonOutput', '-maxSrcPorts', '16', '-baseSrcPort', '9995'];
    const { stdout } = await fbtracert([...CLEAN, ...flags]);
    const { Paths } = JSON.parse(stdout);
    expect(Object.keys(Paths)).toHaveLength(16);
    expect(stdout.indexOf('"10000"')).toBeLessThan(stdout.indexOf('"9995"'));
  });

  test('of a target that never answers lists the ports, and says so', async () => {
    const flags = ['-simulate', 'target-does-not-answer', '-maxSrcPorts', '8', '-seed', '1'];
    const { status, stdout, stderr } = await fbtracert(flags);
    expect(status).toBe(0);
    expect(stdout.match(/PORT: /g)).toHaveLength(8);
    expect(stdout).toMatch(/\| \? +\| \d+\/00 /);
    expect(stderr).toMatch(/answers none of 8 flows/);
  });

  test('lasts its whole time with -fixedTime only', async () => {
    const flags = ['-maxTime', '30', '-maxSrcPorts', '16', '-showAll', '-jsonOutput'];
    const probes = async (more: string[]): Promise<number> => {
      const { stdout } = await fbtracert([...LOSSY, ...flags, ...more]);
      const sent = Object.values<number[]>(JSON.parse(stdout).Sent).flat();
      return sent.reduce((sum, count) => sum + count, 0);
    };
    expect(await probes(['-fixedTime'])).toBeGreaterThan(1.5 * (await probes([])));
  });
});

test('one given five-tuple, as scripts ask for it', async () => {
  const line = '-maxSrcPorts 1 -baseSrcPort 41000 -targetPort 443 -showAll -jsonOutput';
  const logging = '-logtostderr -v 2';
  const { status, stdout, stderr } = await fbtracert([
    ...line.split(' '),
    ...logging.split(' '),
    ...CLEAN,
    'db7.example',
  ]);
  expect(status).toBe(0);
  const { Paths, Sent, Rcvd } = JSON.parse(stdout);
  expect(Object.keys(Paths)).toEqual(['41000']);
  expect(Paths['41000'][0]).toBe('10.1.0.2');
  expect(Paths['41000'].at(-1)).toBe('db7.example');
  expect(Sent['41000']).toEqual(Rcvd['41000']);
  expect(stderr).toContain('base src port 41000 and with the port span of 1\n');
  expect(stderr).not.toContain('GLOG');
  expect(stderr).toMatch(/\nNo loss .*\nDid not find any faulty paths\n$/);
});

describe('flags', () => {
  test('have one dash or two, a space or =, and stand anywhere', async () => {
    const forms = [
      ['-maxSrcPorts', '8', '-jsonOutput', ...LOSSY, 'a.example'],
      ['a.example', '--maxSrcPorts=8', '--jsonOutput=true', ...LOSSY],
      ['--maxSrcPorts', '0x8', 'a.example', '-jsonOutput=1', ...LOSSY],
      ['-maxSrcPorts=8', '-jsonOutput', ...LOSSY, '--', 'a.example'],
    ];
    const outcomes = await Promise.all(forms.map((form) => fbtracert(form)));
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(outcomes[0]?.stderr).toContain('port span of 8');
  });

  test.each(['-h', '--help'])('%s lists all, status 0', async (flag) => {
    const { status, stdout, stderr } = await fbtracert([flag]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^Usage of fbtracert:\n/);
    const names =
      'maxTTL minTTL maxSrcPorts maxTime targetPort probeRate tosValue numResolvers addrFamily ' +
      'maxColumns showAll srcAddr jsonOutput baseSrcPort fixedTime logtostderr v vmodule';
    for (const name of names.split(' '))
      expect(stderr).toMatch(new RegExp(`^ {2}-${name}\\b`, 'm'));
  });

  test.each([
    { args: ['-wrong', 'a'], complaint: 'flag provided but not defined: -wrong' },
    { args: ['-maxTTL', 'x', 'a'], complaint: 'invalid value "x" for flag -maxTTL: parse error' },
    { args: ['a', '-maxTTL'], complaint: 'flag needs an argument: -maxTTL' },
  ])('$args end with the usage and status 2, as in Go', async ({ args, complaint }) => {
    const { status, stdout, stderr } = await fbtracert(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.startsWith(`${complaint}\nUsage of fbtracert:\n`)).toBe(true);
  });
});

describe('what cannot be measured has status 1 and one line', () => {
  test.each([
    { args: [], line: 'Must specify a target' },
    { args: ['a', 'b'], line: 'more than one target: a b' },
    { args: ['127.0.0.1', '-maxTTL', '256'], line: '-maxTTL: 256 is not 1 to 255' },
    { args: ['127.0.0.1', '-maxTime', '2'], line: 'Number of iterations too low, ' },
    { args: ['no-such-host.invalid'], line: 'no IPv4 address is known for the host no-such' },
    {
      args: ['-addrFamily', 'ip6', '127.0.0.1'],
      line: '127.0.0.1 is not an IPv6 address: use -add',
    },
    { args: ['224.0.0.1'], line: '224.0.0.1 is a multicast address' },
    { args: ['-srcAddr', '192.0.2.1', '127.0.0.1'], line: '-srcAddr: 192.0.2.1 is no address of' },
    { args: ['-simulate', 'nonsense'], line: 'there is no scenario "nonsense"' },
  ])('$args', async ({ args, line }) => {
    const { status, stdout, stderr } = await fbtracert(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.startsWith(`fbtracert: ${line}`), stderr).toBe(true);
    expect(stderr.match(/\n/g)).toHaveLength(1);
  });

  test('raw sockets that are not permitted, with what to do', async () => {
    const { status, stdout, stderr } = await fbtracert(['127.0.0.1'], UNPRIVILEGED);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^fbtracert: .*CAP_NET_RAW/);
    expect(stderr).toContain('sudo ');
    expect(stderr).not.toMatch(/\n {4}at |Using as source/);
  });
});

describe.runIf(isRoot)('as root', () => {
  test.each([
    { family: 'ip4', target: '127.0.0.1' },
    { family: 'ip6', target: '::1' },
  ])('a closed port of $target answers', async ({ family, target }) => {
    const flags = ['-targetPort', '9', '-maxSrcPorts', '8', '-baseSrcPort', '21000', '-showAll'];
    const args = ['-addrFamily', family, ...flags, '-jsonOutput', target];
    const { status, stdout, stderr } = await fbtracert(args);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout).Paths['21000']).toEqual([target]);
    expect(stderr).toContain(`Using as source address: ${target}\n`);
  });

  test('an interrupted run prints what is known, status 130', async () => {
    const executable = path.join(cli.bin, 'fbtracert');
    const flags = '-fixedTime -targetPort 9 -maxSrcPorts 4 -baseSrcPort 22000 -jsonOutput';
    const args = [executable, ...flags.split(' '), '127.0.0.1'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      if (stderr === '') child.kill('SIGINT'); // it has begun
      stderr += text;
    });
    const [status] = await once(child, 'close');
    expect(status, stderr).toBe(130);
    expect(JSON.parse(stdout)).toEqual({ Paths: {}, Sent: {}, Rcvd: {} });
    expect(stderr).toMatch(/\(partial: interrupted\)\n$/);
  });
});

test('the documentation has examples', () => {
  expect(EXAMPLES.length).toBeGreaterThan(1);
});

test.each(EXAMPLES)('the example $line of the documentation is true', async ({ line, shown }) => {
  const { status, stdout, stderr } = await fbtracert(line.split(' '));
  expect(status, stderr).toBe(0);
  // How the two streams mingle on a terminal is of no interest, nor are the counts.
  const forms = (text: string) =>
    new Set(text.split('\n').map((row) => row.replaceAll(/\d+(\.\d+)*/g, '#')));
  const seen = forms(`${stderr}${stdout}`.replaceAll(/ +(?=\|)/g, ' '));
  for (const form of forms(shown.replaceAll(/ +(?=\|)/g, ' '))) expect(seen).toContain(form);
});
