import { describe, expect, test } from 'vitest';
import { drawnRecord, fabricPaths, lossyLinkRecord } from '../../../test/support/drawn-records.ts';
import type { Measurement } from '../../model/isolate-record.ts';
import { formatIsolateHtml } from './html/isolate-html.ts';
import { formatIsolateText } from './isolate-text.ts';

const { measurement: clean } = drawnRecord(fabricPaths(1, [1]));
const SPOILED: readonly { shows: string; own: Partial<Measurement>; sentence: string }[] = [
  {
    shows: 'a full socket buffer',
    own: { socketDrops: 12 },
    sentence: '12 packets lost by our own kernel before we read.',
  },
  {
    shows: 'refusals to send',
    own: { sendErrors: 1 },
    sentence: 'sending refused by our own kernel 1 time.',
  },
  {
    shows: 'a stalled event loop',
    own: { loopDelayP99Ms: 60, loopDelayMaxMs: 99.6 },
    sentence: 'this host was busy: our process waited up to 100 ms for its turn.',
  },
  {
    shows: 'an event loop that stood still once',
    own: { loopDelayP99Ms: 1, loopDelayMaxMs: 1999.6 },
    sentence: 'this host was busy: our process waited up to 2000 ms for its turn.',
  },
  {
    shows: 'a clock that was set',
    own: { clockSteps: 2 },
    sentence: 'the clock of this host was set 2 times meanwhile.',
  },
];

describe.each(SPOILED)('after $shows', ({ own, sentence }) => {
  const measurement = { ...clean, ...own };
  const suspected = lossyLinkRecord(undefined, { verdict: 'loss-suspected', measurement });

  test('a suspicion is followed at once by what our own host did', () => {
    const [first, second] = formatIsolateText(suspected, { width: Infinity }).split('\n');
    expect(first).toBe(suspected.summary);
    expect(second).toBe(`This host may have spoiled the result: ${sentence}`);
    expect(formatIsolateHtml(suspected)).toContain(`${second}</strong>`);
  });

  test('a sure verdict stands, and the measurement section has it', () => {
    const text = formatIsolateText(lossyLinkRecord(undefined, { measurement }), {
      width: Infinity,
    });
    expect(text).not.toContain('spoiled');
    expect(text).toContain(`Measurement\n  ${sentence.slice(0, -1)}\n`);
  });
});

test('of an own host that did its part nothing is said', () => {
  const text = formatIsolateText(lossyLinkRecord(undefined, { verdict: 'inconclusive' }), {
    width: 80,
  });
  expect(text).not.toContain('This host');
  expect(text).not.toContain('Measurement');
});
