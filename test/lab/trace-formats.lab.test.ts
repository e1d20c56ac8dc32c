/** The formats of other programs beside what those programs print in the same network. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { SOURCE } from '../../src/sim/topology.ts';
import { CLI } from './isolate-run.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor } from './scenario-plan.ts';

let lab: NamespaceLab;

beforeAll(async () => {
  ({ lab } = await labFor({ fabric: { widths: [1, 1, 1] } }, { family: 4 }));
});
afterAll(async () => {
  await lab?.close();
});

async function output(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await lab.exec(SOURCE, [...argv, lab.plan.target.address[4]]);
  expect(stderr.replace(/^fantrace: .*\n/, '')).toBe('');
  return stdout;
}

function ours(format: string, flags: readonly string[]): Promise<string> {
  return output([process.execPath, CLI, 'trace', '-m', '8', '--format', format, ...flags]);
}

const TIMES = /\d+\.\d+ ms/g;

it.each([
  { shows: 'numbers', flags: ['-n', '-q', '3'] },
  { shows: 'one probe', flags: ['-n', '-q', '1'] },
  { shows: 'names that nobody knows', flags: ['-q', '2'] },
])('traceroute, $shows: but for times the same text', async ({ flags }) => {
  const theirs = await output(['traceroute', '-m', '8', '-N', '1', ...flags]);
  const text = await ours('traceroute', [...flags, '--packet-size', '60']);
  expect(text.replaceAll(TIMES, 'T ms')).toBe(theirs.replaceAll(TIMES, 'T ms'));
});

it('mtr: but for times the same text', async () => {
  const quick = ['-i', '0.1', '-G', '0.1', '-Z', '1'];
  const theirs = await output(['mtr', '-4', '--udp', '-r', '-w', '-n', '-c', '1', ...quick]);
  const text = await ours('mtr', ['-n', '-q', '1']);
  const masked = (report: string) =>
    report.replace(/^Start: .*/, 'Start').replaceAll(/ +\d+\.\d(?= |$)/gm, ' T');
  expect(masked(text)).toBe(masked(theirs));
});

/** What depends on the moment, or on how a program numbers its probes. */
const OWN = ['start', 'tx', 'rtt', 'sport', 'reply_ipid', 'probe_id', 'probe_count', 'wait_probe'];

it('scamper: the same keys in the same order, and but for times and numbers the same values', async () => {
  const theirs = await output([
    'scamper',
    '-O',
    'json',
    '-c',
    'trace -P udp-paris -q 1 -m 8',
    '-i',
  ]);
  const text = await ours('scamper', [
    '-n',
    '-q',
    '1',
    '-p',
    '33435',
    '-w',
    '5s',
    '--packet-size',
    '44',
  ]);
  const [their, our] = [theirs, text].map((lines) => {
    const line = lines.split('\n').find((each) => each.includes('"type":"trace"')) ?? '{}';
    return JSON.parse(line) as { hops: object[] } & Record<string, unknown>;
  });
  expect(their?.hops).toHaveLength(4);
  expect(Object.keys(our ?? {})).toEqual(Object.keys(their ?? {}));
  expect(our?.hops.map(Object.keys)).toEqual(their?.hops.map(Object.keys));
  const rest = (object: object = {}) =>
    Object.fromEntries(Object.entries(object).filter(([key]) => !OWN.includes(key)));
  expect(our?.hops.map(rest)).toEqual(their?.hops.map(rest));
  const { hops: _, ...whole } = rest(our);
  const { hops: __, ...theirWhole } = rest(their);
  expect(whole).toEqual(theirWhole);
});
