import { describe, expect, test } from 'vitest';
import { Random } from '../lib/random.ts';
import { mixBits } from './flow-hash.ts';
import { anyStrikes, BurstLoss, Hazard } from './loss-process.ts';
import type { PlannedHazard } from './network-plan.ts';
import type { FaultFilter } from './scenario-model.ts';
import { windowOf } from './schedule.ts';
import { Traveller, type TravellerFields } from './traveller.ts';

const ALWAYS = windowOf({
  fromMs: 0,
  untilMs: Number.POSITIVE_INFINITY,
  periodMs: undefined,
  duty: 1,
});
const EVERYTHING: FaultFilter = {
  hashBucket: undefined,
  sourcePort: undefined,
  bytesMin: undefined,
  dscp: undefined,
};

function hazardOf(only: Partial<FaultFilter>, traits: Partial<PlannedHazard> = {}): Hazard {
  const plain = { direction: 'forward', lossRatio: 1, burst: undefined, window: ALWAYS } as const;
  return new Hazard({ ...plain, only: { ...EVERYTHING, ...only }, ...traits }, new Random(3));
}

function packet(fields: Partial<TravellerFields> = {}): Traveller {
  return new Traveller({ flowHash: 1, ttl: 9, ...fields });
}

describe('losses in bursts', () => {
  // Over 200 000 packets the share of losses has a standard deviation of about
  // sqrt(r (1 - r) (2 b - 1) / n), the mean of k bursts one of b / sqrt(k). 4 sigma each.
  const PACKETS = 200_000;
  const ROWS = [
    { ratio: 0.05, meanBurst: 1 },
    { ratio: 0.05, meanBurst: 10 },
    { ratio: 0.3, meanBurst: 4 },
    { ratio: 0.002, meanBurst: 3 },
  ];

  test.each(ROWS)('lose $ratio, $meanBurst at a time', ({ ratio, meanBurst }) => {
    const process = new BurstLoss({ ratio, meanBurst }, new Random(11));
    let [lost, bursts, wasLost] = [0, 0, false];
    for (let i = 0; i < PACKETS; i++) {
      const isLost = process.strikes();
      if (isLost && !wasLost) bursts++;
      if (isLost) lost++;
      wasLost = isLost;
    }
    const sigma = Math.sqrt((ratio * (1 - ratio) * (2 * meanBurst - 1)) / PACKETS);
    expect(Math.abs(lost / PACKETS - ratio)).toBeLessThan(4 * sigma);
    expect(Math.abs(lost / bursts - meanBurst)).toBeLessThan((4 * meanBurst) / Math.sqrt(bursts));
  });

  test('of ratio 1 never end', () => {
    const process = new BurstLoss({ ratio: 1, meanBurst: 2 }, new Random(1));
    expect(Array.from({ length: 1000 }, () => process.strikes())).not.toContain(false);
  });
});

describe('a hazard hits', () => {
  const ROWS: { shows: string; only: Partial<FaultFilter>; hit: object; spared: object }[] = [
    { shows: 'one flow', only: { sourcePort: 7 }, hit: { port: 7 }, spared: { port: 8 } },
    { shows: 'no packet without ports', only: { sourcePort: 7 }, hit: { port: 7 }, spared: {} },
    {
      shows: 'long packets',
      only: { bytesMin: 1000 },
      hit: { lengthBytes: 1000 },
      spared: { lengthBytes: 999 },
    },
    {
      shows: 'one class, whatever its ECN',
      only: { dscp: 46 },
      hit: { tos: 187 },
      spared: { tos: 180 },
    },
    {
      shows: 'what meets all conditions',
      only: { dscp: 46, bytesMin: 100 },
      hit: { tos: 184, lengthBytes: 100 },
      spared: { tos: 184, lengthBytes: 99 },
    },
  ];

  test.each(ROWS)('$shows', ({ only, hit, spared }) => {
    const hazard = hazardOf(only);
    expect(hazard.strikes(packet(hit), 0)).toBe(true);
    expect(hazard.strikes(packet(spared), 0)).toBe(false);
  });

  test('one flow in eight, and always the same', () => {
    const hazard = hazardOf({ hashBucket: { of: 8, index: 3 } });
    const hits = Array.from({ length: 8000 }, (_, i) => {
      const flow = packet({ flowHash: mixBits(i) });
      const isHit = hazard.strikes(flow, 0);
      expect(hazard.strikes(flow, 1)).toBe(isHit);
      return isHit;
    });
    const share = hits.filter(Boolean).length / hits.length;
    expect(Math.abs(share - 1 / 8)).toBeLessThan(3.3 * Math.sqrt((1 / 8) * (7 / 8) * (1 / 8000)));
  });

  test('other flows at other places', () => {
    const only = { ...EVERYTHING, hashBucket: { of: 2, index: 0 } };
    const hits = [3, 4].map((seed) => {
      const traits = { direction: 'forward', lossRatio: 1, burst: undefined } as const;
      const hazard = new Hazard({ ...traits, only, window: ALWAYS }, new Random(seed));
      return Array.from({ length: 64 }, (_, i) =>
        hazard.strikes(packet({ flowHash: mixBits(i) }), 0),
      );
    });
    expect(hits[0]).not.toEqual(hits[1]);
  });

  test('the buckets of one place share all flows between them', () => {
    const hazards = [0, 1, 2, 3].map((index) => hazardOf({ hashBucket: { of: 4, index } }));
    for (let i = 0; i < 1000; i++) {
      const flow = packet({ flowHash: mixBits(i) });
      expect(hazards.filter((hazard) => hazard.strikes(flow, 0))).toHaveLength(1);
    }
  });

  test('only while it is there', () => {
    const window = windowOf({ fromMs: 1, untilMs: 3, periodMs: undefined, duty: 1 });
    const hazard = hazardOf({}, { window });
    const times = [0, 999, 1000, 2999, 3000];
    expect(times.map((atUs) => hazard.strikes(packet(), atUs))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  test('the same packets whatever else hits them', () => {
    const [alone, beside] = [hazardOf({}, { lossRatio: 0.5 }), hazardOf({}, { lossRatio: 0.5 })];
    for (let i = 0; i < 50; i++) {
      anyStrikes([alone], packet(), 0);
      anyStrikes([hazardOf({}), beside], packet(), 0);
    }
    const next = (hazard: Hazard) => Array.from({ length: 64 }, () => hazard.strikes(packet(), 0));
    expect(next(alone)).toEqual(next(beside));
  });

  test('as often as it says', () => {
    const hazard = hazardOf({}, { lossRatio: 0.1 });
    const hits = Array.from({ length: 20_000 }, () => hazard.strikes(packet(), 0)).filter(Boolean);
    expect(Math.abs(hits.length - 2000)).toBeLessThan(3.3 * Math.sqrt(20_000 * 0.09));
  });
});
