import { describe, expect, test } from 'vitest';
import { Random } from '../lib/random.ts';
import { decodeMplsEntry } from '../wire/icmp-extension.ts';
import { IcmpBehaviour } from './icmp-behaviour.ts';

type Traits = ConstructorParameters<typeof IcmpBehaviour>[0];

const PLAIN: Traits = {
  isSilent: false,
  icmpLimit: undefined,
  icmpLimitPerProber: undefined,
  answerRatio: 1,
  quote: 'whole',
  mplsLabels: [],
};

/** How many errors go out if one is due every millisecond, or after random pauses of that mean. */
function sentOf(traits: Partial<Traits>, count: number, random?: Random): number {
  const behaviour = new IcmpBehaviour({ ...PLAIN, ...traits }, new Random(5));
  let atUs = 0;
  let sent = 0;
  for (let i = 0; i < count; i++) {
    if (behaviour.sends(atUs)) sent++;
    atUs += random === undefined ? 1000 : -1000 * Math.log(1 - random.unit());
  }
  return sent;
}

describe('errors are sent', () => {
  const slow = { perSecond: 10, burst: 6 };
  const fast = { perSecond: 100, burst: 2 };
  const ROWS: { shows: string; traits: Partial<Traits>; sent: number }[] = [
    { shows: 'all', traits: {}, sent: 10_001 },
    { shows: 'none by a silent router', traits: { isSilent: true }, sent: 0 },
    { shows: 'as the limit over all says', traits: { icmpLimit: slow }, sent: 106 },
    { shows: 'as the limit to one prober says', traits: { icmpLimitPerProber: slow }, sent: 106 },
    {
      shows: 'as the narrower limit says',
      traits: { icmpLimit: fast, icmpLimitPerProber: slow },
      sent: 106,
    },
  ];

  test.each(ROWS)('$shows', ({ traits, sent }) => expect(sentOf(traits, 10_001)).toBe(sent));

  test('with the chance that a flaky router has', () => {
    const sent = sentOf({ answerRatio: 0.3 }, 20_000);
    expect(Math.abs(sent - 6000)).toBeLessThan(3.3 * Math.sqrt(20_000 * 0.21));
  });

  test('only to some where many ask: a limit is shared in proportion', () => {
    const limit = { perSecond: 100, burst: 10 };
    // 1000 of ours and 3000 of others want 100 tokens a second: a quarter is ours, 100 s long,
    // within 4 sigma.
    const shared = { ...limit, othersPerSecond: 3000 };
    const sent = sentOf({ icmpLimit: shared }, 100_000, new Random(8));
    expect(Math.abs(sent - 2500)).toBeLessThan(4 * Math.sqrt(10_000 * 0.25 * 0.75));
    expect(sentOf({ icmpLimit: { ...limit, othersPerSecond: 0 } }, 10_000)).toBe(1009);
  });

  test('after a long pause as if others had asked all the time', () => {
    const limit = { perSecond: 10, burst: 50, othersPerSecond: 1000 };
    const behaviour = new IcmpBehaviour({ ...PLAIN, icmpLimit: limit }, new Random(5));
    const sent = Array.from({ length: 200 }, (_, hour) => behaviour.sends(hour * 3600e6));
    expect(sent.filter(Boolean).length).toBeLessThan(20);
  });
});

test('labels become a stack, the last one its bottom', () => {
  const { mplsEntries } = new IcmpBehaviour({ ...PLAIN, mplsLabels: [16_001, 3] }, new Random(1));
  expect(mplsEntries.map(decodeMplsEntry)).toEqual([
    { label: 16_001, trafficClass: 0, isBottomOfStack: false, ttl: 1 },
    { label: 3, trafficClass: 0, isBottomOfStack: true, ttl: 1 },
  ]);
});
