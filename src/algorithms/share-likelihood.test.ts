import { expect, test } from 'vitest';
import { bestShareNats } from './share-likelihood.ts';

test.each([
  { received: 0, sent: 7, nats: 0 },
  { received: 7, sent: 7, nats: 0 },
  { received: 1, sent: 2, nats: 2 * Math.log(1 / 2) },
  { received: 3, sent: 4, nats: 3 * Math.log(3 / 4) + Math.log(1 / 4) },
])('$received of $sent answers are worth $nats nats', ({ received, sent, nats }) => {
  expect(bestShareNats(received, sent)).toBeCloseTo(nats, 12);
});

test('no other share makes answers likelier', () => {
  const [received, sent] = [9, 30];
  for (let share = 0.01; share < 1; share += 0.01) {
    const nats = received * Math.log(share) + (sent - received) * Math.log(1 - share);
    expect(nats).toBeLessThanOrEqual(bestShareNats(received, sent) + 1e-9);
  }
});
