/**
 * What an attacker sends who does not see our probes: replies forged for our flows, malformed ones
 * and noise, 10 000 a second. No verdict follows them, and the record counts them.
 *
 * A forgery matches by luck once in 2^32 for each probe that could still be answered, of which
 * there are a few thousand: one of 30 000 forgeries does so in less than one run in 20, and then
 * answers one probe of a flow that has hundreds.
 */

import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { isNamed, startIsolate, strangersIn, watchProbes } from './isolate-run.ts';
import { FABRIC, labTest } from './lab-test.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { addressesOf } from './scenario-plan.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const LINK = ['r2.1', 'r3.2'] as const;
const FORGER = fileURLToPath(new URL('./fixtures/forger.mjs', import.meta.url));
/** From where no packet passes a router whose address it bears: Linux would drop it. */
const FORGING_ROUTER = 'r1.0';
const FORGERIES = 30_000;
const PER_SECOND = 10_000;
const FIRST_SOURCE_PORT = 32_768;
/** Second keys that a run may see guessed: more, once in a million runs. */
const GUESSED_MAX = 2;
/** So that the run has opened its sockets. */
const EARLY_PROBES = 50;
/** Keeps a run going for as long as the forger; the verdict is then that of all that time. */
const SEED = 3;
const UNTIL_THE_END = ['--max-time', '6s', '--exclude', '0.01%', '--max-probes', '1000000'];

const test = labTest({ seed: SEED });

describe.concurrent.each(FAMILIES)('ten thousand forgeries a second, over IPv%i', (family) => {
  test('are no loss, and no answers', async ({ open }) => {
    const lab = await open(FABRIC, { family });
    const { record, sent } = await runUnderFire(lab, UNTIL_THE_END);
    expect(record.verdict, record.summary).toBe('no-loss');
    expect(record.suspects).toEqual([]);
    expectSound(record, lab);
    expectCounted(record, sent);
  });

  test('do not hide a link that loses a fifth', async ({ open }) => {
    const fault = { link: LINK, forwardLoss: 0.2 };
    const lab = await open(FABRIC, { family, faults: [fault] });
    const { record } = await runUnderFire(lab, ['--confidence', '99%']);
    expect(record.verdict, record.summary).toBe('loss-located');
    const place = { kind: 'link', near: LINK[0], far: LINK[1] } as const;
    expect(isNamed(lab.plan, record, { place, lossRatio: 0.2 }), record.summary).toBe(true);
    expectSound(record, lab);
    expect(record.measurement.foreignReplies).toBeGreaterThan(0);
  });
});

type Sent = Readonly<Record<string, number>>;

/** A run, and what its first router sent at it in the name of the target and of another router. */
async function runUnderFire(
  lab: NamespaceLab,
  flags: readonly string[],
): Promise<{ readonly record: IsolateRecord; readonly sent: Sent }> {
  const { family, source, target } = lab.plan;
  const [router = ''] = addressesOf(lab.plan, { kind: 'router', name: 'r2.1' }).far;
  const packets = await watchProbes(lab, { count: EARLY_PROBES });
  const { over } = startIsolate(lab, { seed: SEED, flags });
  await packets.seen;
  const ends = [source[family], target.address[family], router];
  const numbers = [target.port, FIRST_SOURCE_PORT, FORGERIES, PER_SECOND].map(String);
  const forger = lab.spawn(FORGING_ROUTER, [process.execPath, FORGER, ...ends, ...numbers]);
  const said = Promise.all([text(forger.stdout), text(forger.stderr), once(forger, 'close')]);
  const [{ record }, [stdout, stderr]] = await Promise.all([over, said]);
  expect(stderr).toBe('');
  return { record, sent: JSON.parse(stdout) as Sent };
}

/** Nobody who is not there, and no more answers than probes. */
function expectSound(record: IsolateRecord, lab: NamespaceLab): void {
  expect(strangersIn(record, lab.plan)).toEqual([]);
  const overfull = record.flows.filter(({ sent, received }) =>
    received.some((count, hop) => count > (sent[hop] ?? 0)),
  );
  expect(overfull).toEqual([]);
}

/**
 * Each forgery that a prober could take for an answer is counted as foreign, but for what guesses
 * the 15 bits of the second key of a probe under way: 15,000 of them do so in one run of fifty.
 * Noise mostly fails our filters. Nothing of it may look like a drop of our own.
 */
function expectCounted({ measurement }: IsolateRecord, sent: Sent): void {
  const count = (kind: string): number => sent[kind] ?? Number.NaN;
  const { foreignReplies, malformed, socketDrops } = measurement;
  const answers = count('time exceeded') + count('SYN-ACK') + count('RST');
  const foreign = answers + count('time exceeded that quotes six bytes');
  expectAbout(foreignReplies, foreign - GUESSED_MAX, count('noise as TCP') + GUESSED_MAX);
  const wrong = count('RST with a wrong checksum') + count('time exceeded with a wrong checksum');
  expectAbout(malformed, wrong, count('noise as TCP') + count('noise as ICMP'));
  expect(socketDrops).toBe(0);
}

/** As many, and some of the noise. */
function expectAbout(counted: number, exactly: number, noise: number): void {
  expect(counted).toBeGreaterThanOrEqual(exactly);
  expect(counted).toBeLessThanOrEqual(exactly + noise);
}
