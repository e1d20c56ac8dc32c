/** What `fantrace` says when it cannot do what it was asked: one line, status 1, a stable code. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli, type RunOptions } from './installed-cli.ts';

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
  for (const [name, text] of Object.entries(FILES))
    writeFileSync(path.join(cli.folder, name), text);
  mkdirSync(path.join(cli.folder, 'folder.json'));
});
afterAll(() => {
  cli?.remove();
});

const scenario = {
  shows: 'A claim.',
  fabric: { widths: [1, 2] },
  faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: '20%' }],
  truth: { verdict: 'inconclusive' },
};
const [fault] = scenario.faults;

const FILES = {
  'not-json.json': '{\n  "shows": \u001b[31m\n}',
  'empty.json': '',
  'list.json': '[]',
  'unknown-key.json': JSON.stringify({ ...scenario, colour: 'red' }),
  'wrong-ratio.json': JSON.stringify({ ...scenario, faults: [{ ...fault, forwardLoss: 20 }] }),
  'wrong-router.json': JSON.stringify({
    ...scenario,
    faults: [{ ...fault, link: ['r1.0', 'r2.7'] }],
  }),
  'no-truth.json': JSON.stringify({ ...scenario, truth: undefined }),
};

/** Runs twice, without and with --json, and checks all that every failure has in common. */
async function failureOf(args: readonly string[], options: RunOptions = {}) {
  const human = await cli.run(args, options);
  expect(human.status).toBe(1);
  expect(human.stdout).toBe('');
  expect(human.stderr).toMatch(/^fantrace: .+\n$/);
  expect(human.stderr).not.toMatch(/\n {4}at |this is a bug/);
  expect(human.stderr).not.toContain('\u001b');
  const [command = '', ...others] = args;
  const machine = await cli.run([command, '--json', ...others], options);
  expect(machine.status).toBe(1);
  expect(machine.stderr).toBe(human.stderr);
  const failure = JSON.parse(machine.stdout);
  expect(failure).toEqual({
    schema: 'fantrace.error/1',
    code: expect.stringMatching(/^[A-Z_]+$/),
    message: expect.stringMatching(/./),
    hint: expect.any(String),
  });
  return { ...failure, line: human.stderr };
}

const RANGES = [
  {
    flag: '--port',
    range: 'a whole number from 1 to 65535',
    wrong: ['0', '65536', '22x', '', '-1'],
  },
  { flag: '--flows', range: 'a whole number from 1 to 4096', wrong: ['0', '4097', '1.5'] },
  { flag: '--source-port', range: 'a whole number from 1 to 65535', wrong: ['0', '65536'] },
  { flag: '--min-ttl', range: 'a whole number from 1 to 255', wrong: ['0', '256', 'one'] },
  { flag: '--max-ttl', range: 'a whole number from 1 to 255', wrong: ['0', '256'] },
  { flag: '--rate', range: 'a whole number from 1 to 100000', wrong: ['0', '100001', '1k'] },
  { flag: '--max-probes', range: 'a whole number from 1 to 10000000', wrong: ['0', '1e9'] },
  { flag: '--tos', range: 'a whole number from 0 to 255', wrong: ['256', '0x10'] },
  { flag: '--seed', range: 'a whole number from 0 to 4294967295', wrong: ['4294967296', '-1'] },
  { flag: '--max-time', range: '100 ms to 86400 s', wrong: ['5', '99ms', '25h', '1 s', '1d'] },
  {
    flag: '--confidence',
    range: 'above 0 and below 1, as 0.02 or 2%',
    wrong: ['0', '1', '95', 'x'],
  },
  { flag: '--min-loss', range: 'above 0 and below 1, as 0.02 or 2%', wrong: ['0%', '100%', '2 %'] },
  { flag: '--exclude', range: 'above 0 and below 1, as 0.02 or 2%', wrong: ['0', '-1', '.'] },
];

describe('a value out of its range', () => {
  const cases = RANGES.flatMap(({ flag, range, wrong }) =>
    wrong.map((value) => ({ flag, range, value })),
  );
  test.concurrent.each(cases)('of $flag: $value', async ({ flag, range, value }) => {
    const { code, message } = await failureOf(['isolate', `${flag}=${value}`, '192.0.2.1']);
    expect(code).toBe('USAGE');
    expect(message).toContain(`${flag}: ${JSON.stringify(value)} is not `);
    expect(message).toContain(range);
  });
});

describe('a command line that makes no sense', () => {
  test.concurrent.each([
    { args: ['isolate'], says: 'no target given' },
    { args: ['isolate', ''], says: 'an argument is empty' },
    { args: ['isolate', '--simulate', 'healthy-fabric', ' '], says: 'an argument is empty' },
    { args: ['trace', '--simulate', 'healthy-fabric', ''], says: 'an argument is empty' },
    { args: ['paths', '--simulate', 'healthy-fabric', ''], says: 'an argument is empty' },
    { args: ['isolate', '--colour', 'x'], says: "unknown option '--colour'" },
    { args: ['isolate', '--prot', '9', 'x'], says: 'did you mean --port?' },
    { args: ['isolate', '-x'], says: "unknown option '-x'" },
    { args: ['isolate', '::1', '127.0.0.1'], says: 'the targets have addresses of both families' },
    { args: ['isolate', '127.0.0.1', '127.0.0.1'], says: 'are one target: 127.0.0.1' },
    { args: ['paths', 'a', 'b'], says: 'too many arguments' },
    {
      args: ['paths', '127.0.0.1', '--flow-field', 'flow-label'],
      says: '--flow-field flow-label needs IPv6',
    },
    { args: ['isolate', 'a', '--confidence', '95'], says: '(did you mean 95%?)' },
    { args: ['isolate', 'a', '--port'], says: "option '-p, --port <PORT>' argument missing" },
    {
      args: ['isolate', '-4', '-6', 'a'],
      says: "'-4, --ipv4' cannot be used with option '-6, --ipv6'",
    },
    {
      args: ['isolate', 'a', '--min-ttl', '5', '-m', '4'],
      says: '--min-ttl: 5 is above --max-ttl',
    },
    {
      args: ['isolate', 'a', '--source-port', '65500'],
      says: '--source-port: 65500 is not from 1 to 65472 with --flows 64',
    },
    {
      args: ['isolate', '--simulate', 'healthy-fabric', '--source', '127.0.0.1'],
      says: "'-s, --source <ADDRESS>' cannot be used with option '--simulate <NAME|FILE>'",
    },
    {
      args: ['isolate', '--simulate', 'healthy-fabric', '-i', 'lo'],
      says: "'-i, --interface <DEVICE>' cannot be used with option '--simulate <NAME|FILE>'",
    },
  ])('$args: $says', async ({ args, says }) => {
    const { code, message } = await failureOf(args);
    expect(code).toBe('USAGE');
    expect(message).toContain(says);
  });

  test('a command that is nearly one', async () => {
    const { status, stdout, stderr } = await cli.run(['isolat', '192.0.2.1']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe("fantrace: unknown command 'isolat': did you mean isolate?\n");
  });

  test('no command at all: the help, on stderr', async () => {
    const { status, stdout, stderr } = await cli.run([]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^Usage: fantrace /);
  });

  test('--json behind -- is a target, and does not turn JSON on', async () => {
    const { status, stdout, stderr } = await cli.run(['isolate', '--', '--json', '--json']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('no address is known for the host --json');
  });
});

describe('a target or source that cannot be', () => {
  test.concurrent.each([
    { args: ['no-such-host.invalid'], code: 'UNKNOWN_HOST', says: 'no-such-host.invalid' },
    { args: ['--', '-x'], code: 'UNKNOWN_HOST', says: 'the host -x' },
    { args: ['a b'], code: 'UNKNOWN_HOST', says: '"a b" is neither an address nor a host name' },
    { args: ['[::1'], code: 'UNKNOWN_HOST', says: '"[::1" is neither' },
    { args: ['192.0.2.256.'], code: 'UNKNOWN_HOST', says: '192.0.2.256.' },
    { args: ['-4', '::1'], code: 'UNKNOWN_HOST', says: '::1 is not an IPv4 address' },
    { args: ['-6', '127.0.0.1'], code: 'UNKNOWN_HOST', says: '127.0.0.1 is not an IPv6 address' },
    {
      args: ['fe80::1%no-such-if'],
      code: 'UNKNOWN_HOST',
      says: 'no network interface "no-such-if"',
    },
    { args: ['0.0.0.0'], code: 'TARGET_NOT_A_HOST', says: 'the unspecified address' },
    { args: ['ff02::1'], code: 'TARGET_NOT_A_HOST', says: 'a multicast address' },
    { args: ['255.255.255.255'], code: 'TARGET_NOT_A_HOST', says: 'the broadcast address' },
    { args: ['127.0.0.1', '-s', '::1'], code: 'USAGE', says: '--source: "::1" is no IPv4 address' },
    { args: ['127.0.0.1', '-s', 'lo'], code: 'USAGE', says: '--source: "lo" is no IPv4 address' },
    { args: ['127.0.0.1', '-s', '192.0.2.7'], code: 'SOURCE_NOT_LOCAL', says: '192.0.2.7' },
  ])('$args: $code', async ({ args, code, says }) => {
    const failure = await failureOf(['isolate', ...args]);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(says);
  });
});

describe('a scenario that cannot be simulated', () => {
  const UNREADABLE = 'SCENARIO_UNREADABLE';
  const INVALID = 'SCENARIO_INVALID';
  test.concurrent.each([
    {
      file: 'no-such-scenario',
      code: UNREADABLE,
      says: '`fantrace simulate` lists those that ship',
    },
    { file: './missing.json', code: UNREADABLE, says: 'missing.json cannot be read: ENOENT' },
    { file: './folder.json', code: UNREADABLE, says: 'folder.json cannot be read: EISDIR' },
    { file: './not-json.json', code: UNREADABLE, says: 'not-json.json is not JSON' },
    { file: './empty.json', code: UNREADABLE, says: 'empty.json is not JSON' },
    { file: './list.json', code: INVALID, says: 'must be an object, not []' },
    { file: './unknown-key.json', code: INVALID, says: 'colour: unknown key' },
    { file: './wrong-ratio.json', code: INVALID, says: 'faults[0].forwardLoss: must be' },
    { file: './wrong-router.json', code: INVALID, says: 'faults[0].link' },
    { file: './no-truth.json', code: INVALID, says: 'truth: is missing' },
  ])('$file: $says', async ({ file, code, says }) => {
    const place = file.startsWith('.') ? path.join(cli.folder, file) : file;
    const failure = await failureOf(['isolate', '--simulate', place]);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(says);
  });
});

describe('help', () => {
  test.each([[['--help']], [['-h']], [['help']]])('%j lists the commands', async (args) => {
    const { status, stdout, stderr } = await cli.run(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: fantrace /);
    expect(stdout).toContain('isolate [options] [TARGET...]');
  });

  test.each([[['isolate', '--help']], [['isolate', '-h']], [['help', 'isolate']]])(
    '%j explains every flag in 80 columns',
    async (args) => {
      const { status, stdout, stderr } = await cli.run(args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const { flag } of RANGES) expect(stdout).toContain(`${flag} <`);
      expect(stdout).toContain('Exit status:');
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    },
  );

  test.each(['--version', '-V'])('%s prints the version alone', async (flag) => {
    const { status, stdout, stderr } = await cli.run([flag]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
