import { describe, expect, test } from 'vitest';
import { locatedLoss } from '../../../test/support/located-loss.ts';
import { probesNeeded } from './stopping.ts';

describe('the probes that are still needed', () => {
  const sent = { probesSent: 1000, exclude: 0.02 };

  test('grow with what is not excluded', () => {
    expect(probesNeeded({ losses: [], excludedLossRatio: 0.04 }, sent)).toBe(1000);
    expect(probesNeeded({ losses: [], excludedLossRatio: 0.2 }, sent)).toBe(9000);
  });

  test('grow with the doubt about a place', () => {
    const needed = (probability: number): number =>
      probesNeeded({ losses: [locatedLoss({ probability })], excludedLossRatio: 1 }, sent);
    expect(needed(0.97)).toBeLessThan(needed(0.7));
    expect(needed(0.7)).toBeLessThan(needed(0.51));
    expect(needed(0.01)).toBe(needed(0.5));
  });

  test('are told to two digits', () => {
    expect(probesNeeded({ losses: [], excludedLossRatio: 0.0333 }, sent)).toBe(670);
  });
});
