import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import type { SweepReplyRecord } from '../../model/sweep-record.ts';
import { openSweepOutput } from './sweep-output.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-output-'));
afterAll(() => rmSync(folder, { recursive: true }));

function replyOf(number: number): SweepReplyRecord {
  return {
    target: `10.0.${number >> 8}.${number & 255}`,
    flow: 0,
    ttl: 1 + (number % 32),
    from: '10.9.9.9',
    kind: 'time-exceeded',
    code: 0,
    rttMs: number / 8,
    rttExact: number % 2 === 0,
    replyTtl: 250,
    quotedTtl: number % 3 === 0 ? null : 1,
    mpls: number % 5 === 0 ? [16_001, 3] : [],
    atMs: number,
  };
}

const REPLIES = Array.from({ length: 1000 }, (_, number) => replyOf(number));

/** Writes some, goes on after a crash that lost what was not settled, and writes the rest. */
async function writeInTwoRuns(name: string): Promise<void> {
  const first = await openSweepOutput(name);
  for (const reply of REPLIES.slice(0, 400)) first.add(reply);
  await first.settle();
  const checkpoint = first.length;
  for (const reply of REPLIES.slice(400, 700)) first.add(reply);
  await first.settle(); // written, but no checkpoint knows of it
  await first.close();
  const second = await openSweepOutput(name, checkpoint);
  for (const reply of REPLIES.slice(400)) second.add(reply);
  await second.settle();
  await second.close();
}

describe('output that goes on from a checkpoint', () => {
  it.each(['.jsonl', '.jsonl.gz'])('has every reply once: %s', async (ending) => {
    const name = path.join(folder, `replies${ending}`);
    await writeInTwoRuns(name);
    const bytes = readFileSync(name);
    const text = (ending.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual(REPLIES.map((reply) => ({ type: 'reply', ...reply })));
    expect(flawsOf('sweep-lines-1', lines[0])).toEqual([]);
  });

  it('has every reply once: .parquet', async () => {
    const name = path.join(folder, 'replies.parquet');
    await writeInTwoRuns(name);
    expect(readdirSync(name)).toEqual(['part-000001.parquet', 'part-000002.parquet']);
    const rows = await Promise.all(
      readdirSync(name).map((part) => {
        const bytes = readFileSync(path.join(name, part));
        return parquetReadObjects({ file: Uint8Array.from(bytes).buffer });
      }),
    );
    expect(rows.flat()).toEqual(REPLIES.map((reply) => ({ ...reply, mpls: reply.mpls.join(' ') })));
  });

  it('starts anew without one, and keeps strangers out of it', async () => {
    const name = path.join(folder, 'again.parquet');
    await writeInTwoRuns(name);
    writeFileSync(path.join(name, 'notes.txt'), 'mine');
    const output = await openSweepOutput(name);
    await output.close();
    expect(readdirSync(name)).toEqual(['notes.txt']);
    await expect(openSweepOutput(path.join(folder, 'replies.csv'))).rejects.toThrow('.jsonl.gz');
  });

  it('tells whoever waits that nothing can be written', async () => {
    const name = path.join(folder, 'full.jsonl');
    const output = await openSweepOutput(name);
    await output.close();
    output.add(replyOf(1));
    await expect(output.settle()).rejects.toThrow();
  });
});
