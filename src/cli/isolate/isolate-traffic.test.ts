import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paths } from '../../runtime/paths/paths.ts';
import { type IsolateFlags, isolateCommandLine, requireConsistent } from './isolate-flags.ts';
import { givenPorts, trafficOf } from './isolate-traffic.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fantrace-flows-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The flags of a command line, as the command gets them. */
async function flagsOf(...args: string[]): Promise<IsolateFlags> {
  let parsed: IsolateFlags | undefined;
  const command = isolateCommandLine(async (_target, flags) => {
    parsed = flags;
  });
  command.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: 'user' });
  if (parsed === undefined) throw new Error('the command did not run');
  requireConsistent(parsed, 1);
  return parsed;
}

function written(text: string): string {
  const file = path.join(folder, 'flows.txt');
  writeFileSync(file, text);
  return file;
}

describe('flags of traffic', () => {
  test('make a class of every size with every TOS', async () => {
    const flags = await flagsOf('--packet-size', '40', '--packet-size', '1400', '--tos', '0,184');
    expect(trafficOf(flags, 4).classes).toEqual([
      { packetBytes: 40, tos: 0 },
      { packetBytes: 40, tos: 184 },
      { packetBytes: 1400, tos: 0 },
      { packetBytes: 1400, tos: 184 },
    ]);
  });

  test('left out make one class of the shortest packets', async () => {
    expect(trafficOf(await flagsOf(), 6)).toEqual({
      tos: 0,
      protocol: 'tcp',
      classes: [{ tos: 0 }],
      flowLabel: 'vary',
    });
  });

  test.each([
    { label: 'fixed', flowLabel: 0 },
    { label: 'vary', flowLabel: 'vary' },
    { label: '1048575', flowLabel: 0xfffff },
  ])('--flow-label $label', async ({ label, flowLabel }) => {
    expect(trafficOf(await flagsOf('--flow-label', label), 6).flowLabel).toBe(flowLabel);
  });

  test('--flow gives exactly these ports', async () => {
    expect(givenPorts(await flagsOf('--flow', '7', '--flow', '65535'))).toEqual([7, 65_535]);
    expect(givenPorts(await flagsOf())).toBeUndefined();
  });

  test('--flows-from reads a port a line', async () => {
    const file = written('# those that hit it\n40000\r\n\n 40007 # and this\n');
    expect(givenPorts(await flagsOf('--flows-from', file))).toEqual([40_000, 40_007]);
  });
});

test('--flows-from reads the flows of every path that paths has recorded', async () => {
  const record = await paths('x', { simulate: 'healthy-fabric', seed: 5, flowsMax: 4096 });
  const file = written(JSON.stringify(record));
  const ports = givenPorts(await flagsOf('--flows-from', file, '--protocol', 'udp')) ?? [];
  const ways = record.flows.filter(({ sourcePort }) => ports.includes(sourcePort));
  expect(ways.length).toBe(ports.length);
  expect(new Set(ways.map(({ path: way }) => way.join(' '))).size).toBeGreaterThan(12);
  for (const { reached, path: way } of ways) {
    expect(reached).toBe(true);
    expect(way).not.toContain(null);
  }
  const others = await flagsOf('--flows-from', file);
  expect(() => givenPorts(others)).toThrow(/use --protocol udp --port 33434/);
  const damaged = await flagsOf('--flows-from', written('{"schema": "fantrace.paths/1"}'));
  expect(() => givenPorts(damaged)).toThrow(/is a damaged record of paths: version is missing/);
});

describe('a complaint names the flag, the value and what is allowed:', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['--protocol sctp', /--protocol: "sctp" is not one of tcp, udp, icmp/],
    ['--protocol icmp --port 80', /--port: 80 is of no use: ICMP has no ports/],
    ['--flow 0', /--flow: "0" is not a whole number from 1 to 65535/],
    ['--flow 7,8 --flow 7', /--flow: 7 is given twice/],
    ['--flow 65535 --protocol icmp', /--flow: 65535 is not from 1 to 65534 with ICMP/],
    ['--protocol icmp --source-port 65500 --flows 36', /--source-port: 65500 is not from 1 to 654/],
    ['--flow-label 1048576 -6', /"1048576" is not fixed, vary or a whole number from 0 to 1048575/],
    ['--flow-label fixed', /--flow-label: fixed is of no use: IPv4 has no flow labels/],
    ['--packet-size 27', /--packet-size: "27" is not a whole number from 28 to 9216/],
    ['--packet-size 39', /--packet-size: 39 is too short for TCP probes over IPv4, which take 40/],
    ['--packet-size 50 --protocol udp -6', /50 is too short for UDP probes over IPv6.* take 54/],
    ['--tos 256', /--tos: "256" is not a whole number from 0 to 255/],
    ['--packet-size 40,50,60,70,80 --tos 0,1,2,3', /5 sizes and 4 TOS values make 20 classes/],
  ];
  test.each(refused)('%s', async (line, message) => {
    const refusal = flagsOf(...line.split(' ')).then((flags) => {
      givenPorts(flags);
      return trafficOf(flags, flags.ipv6 ? 6 : 4);
    });
    await expect(refusal).rejects.toThrow(message);
  });

  test.each([
    { text: '40000\nssh\n', message: /line 2: "ssh" is not a source port from 1 to 65535/ },
    { text: '40000\n40000\n', message: /line 2: "40000" is there twice/ },
    { text: '# none\n', message: /has 0 source ports, and is not a file of 1 to 4096/ },
  ])('--flows-from $text', async ({ text, message }) => {
    const flags = await flagsOf('--flows-from', written(text));
    expect(() => givenPorts(flags)).toThrow(message);
  });

  test('--flows-from a file that is not there', async () => {
    const flags = await flagsOf('--flows-from', path.join(folder, 'none'));
    expect(() => givenPorts(flags)).toThrow(/none cannot be read: ENOENT/);
  });

  test('--flow beside --flows', async () => {
    await expect(flagsOf('--flow', '7', '--flows', '8')).rejects.toThrow(/cannot be used with/);
  });
});
