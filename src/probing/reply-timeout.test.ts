import { expect, test } from 'vitest';
import { ReplyTimeout } from './reply-timeout.ts';

const ROWS: readonly { readonly rttsUs: readonly number[]; readonly us: number }[] = [
  { rttsUs: [], us: 1_000_000 },
  { rttsUs: [0], us: 1_000_000 },
  { rttsUs: [1], us: 400_000 },
  { rttsUs: [100_000], us: 400_000 },
  { rttsUs: [200_000], us: 600_000 },
  { rttsUs: [200_000, 10], us: 600_000 },
  { rttsUs: [10, 200_000], us: 600_000 },
  { rttsUs: [333_333.4], us: 1_000_001 },
  { rttsUs: [1_700_000], us: 5_000_000 },
  { rttsUs: [60_000_000], us: 5_000_000 },
];

test.each(ROWS)('after replies in $rttsUs µs the wait is $us µs', ({ rttsUs, us }) => {
  const timeout = new ReplyTimeout();
  for (const rttUs of rttsUs) timeout.observe({ rttUs });
  expect(timeout.us).toBe(us);
});

test('a SYN-ACK a second later than the first is a repeat, and stretches nothing', () => {
  const timeout = new ReplyTimeout();
  timeout.observe({ rttUs: 10_000 }, 'accepted');
  timeout.observe({ rttUs: 1_010_000 }, 'accepted');
  timeout.observe({ rttUs: 1_300_000 }, 'acknowledged');
  expect(timeout.us).toBe(400_000);
  timeout.observe({ rttUs: 500_000 }, 'accepted');
  expect(timeout.us).toBe(1_500_000);
});

test('a router that takes a second longer than others is slow', () => {
  const timeout = new ReplyTimeout();
  timeout.observe({ rttUs: 10_000 }, 'time-exceeded');
  timeout.observe({ rttUs: 1_010_000 }, 'time-exceeded');
  expect(timeout.us).toBe(3_030_000);
});
