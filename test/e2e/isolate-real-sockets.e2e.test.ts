/** `fantrace isolate` on the sockets of this host, and what it says when it may not have them. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli } from './installed-cli.ts';

const HOSTILE_DNS = fileURLToPath(new URL('hostile-dns.mjs', import.meta.url));
const isRoot = process.getuid?.() === 0;
/** Makes a command one of a user without any right; needed for root only. */
const UNPRIVILEGED = isRoot
  ? [
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--bounding-set=-all',
      '--no-new-privs',
    ]
  : [];

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

describe('without the right to raw sockets', () => {
  const args = ['isolate', '127.0.0.1'];

  test('names the capability and the commands that grant it', async () => {
    const { status, stdout, stderr } = await cli.run(args, { under: UNPRIVILEGED });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^fantrace: .*CAP_NET_RAW/);
    expect(stderr).toContain('sudo ');
    expect(stderr).toContain('setcap cap_net_raw+ep');
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  test('writes an error document', async () => {
    const { status, stdout } = await cli.run([...args, '--json'], { under: UNPRIVILEGED });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'fantrace.error/1',
      code: 'RAW_SOCKET_DENIED',
      message: expect.stringMatching(/^.*CAP_NET_RAW.*$/),
      hint: expect.stringContaining('setcap cap_net_raw+ep'),
    });
  });

  test('still simulates', async () => {
    const simulation = ['isolate', '--simulate', 'healthy-fabric'];
    const { status, stderr } = await cli.run(simulation, { under: UNPRIVILEGED });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe.runIf(isRoot)('as root', () => {
  test.each([
    { target: '127.0.0.1', family: 4, flags: [] },
    { target: '[::1]', family: 6, flags: [] },
    { target: 'localhost', family: 4, flags: ['-4'] },
    { target: '127.0.0.1', family: 4, flags: ['--source', '127.0.0.3'] },
    { target: '127.0.0.1', family: 4, flags: ['--interface', 'lo'] },
  ])('a closed port of $target with $flags answers on every flow', async (row) => {
    const { target, family, flags } = row;
    const args = ['isolate', target, '--port', '9', '--json', '--no-dns', ...flags];
    const { status, stdout, stderr } = await cli.run([...args, '--source-port', '20000']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const record = JSON.parse(stdout);
    expect(record).toMatchObject({ verdict: 'no-loss', family, simulated: null });
    expect(record.paths).toEqual({ found: 1, lossy: 0, broken: 0 });
    expect(record.flows).toHaveLength(64);
  });

  test.each([
    { target: '192.0.2.1', flags: [] },
    { target: '2001:db8::1', flags: [] },
    { target: '192.0.2.1', flags: ['--interface', 'no-such-if'] },
  ])('there is no route to $target with $flags in an empty namespace', async (row) => {
    const args = ['isolate', row.target, '--json', ...row.flags];
    const { status, stdout, stderr } = await cli.run(args, { under: ['unshare', '-n'] });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^fantrace: no route to .+\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'fantrace.error/1', code: 'NO_ROUTE' });
  });

  test('names from a hostile DNS do nothing to a terminal', async () => {
    const resolver = path.join(cli.folder, 'resolv.conf');
    writeFileSync(resolver, 'nameserver 127.0.0.1\n');
    const inside = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const namespace = ['unshare', '-mn', 'sh', '-c', inside, resolver];
    const under = [...namespace, process.execPath, HOSTILE_DNS];
    // The hosts file, which is asked first, has a name for the first address of the loopback.
    const args = ['isolate', '127.0.0.2', '--port', '9'];
    const { status, stdout, stderr } = await cli.run(args, { under });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/31mevil.*\.example\.net/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
