import { describe, expect, it } from 'vitest';
import { KernelClock } from './kernel-clock.ts';

const START = 1_000_000;
const WALL = 1_700_000_000_000_000;
const HOUR = 3600e6;

/** Clocks under our hand; `readUs` is how long a read of the wall clock takes. */
function clocksAt(monotonicUs: number, offsetUs: number) {
  const time = { monotonicUs, offsetUs, readUs: 0 };
  const clock = new KernelClock({
    monotonicUs: () => time.monotonicUs,
    realtimeUs: () => {
      time.monotonicUs += time.readUs;
      return time.monotonicUs + time.offsetUs;
    },
  });
  return { time, clock };
}

describe('KernelClock', () => {
  it('turns receive times into monotonic ones', () => {
    const { time, clock } = clocksAt(START, WALL);
    time.monotonicUs += 500;
    clock.sample();
    expect(clock.toMonotonicUs(START + 200 + WALL)).toBe(START + 200);
    expect(clock.steps).toBe(0);
  });

  it('follows a clock that NTP slews', () => {
    const { time, clock } = clocksAt(START, WALL);
    for (let second = 0; second < 100; second++) {
      time.monotonicUs += 1e6;
      time.offsetUs += 500;
      clock.sample();
    }
    expect(clock.toMonotonicUs(time.monotonicUs + time.offsetUs)).toBe(time.monotonicUs);
    expect(clock.steps).toBe(0);
  });

  it.each([HOUR, -HOUR, 2000, -2000])(
    'tells times before a step of %d µs from those after it',
    (stepUs) => {
      const { time, clock } = clocksAt(START, WALL);
      time.monotonicUs += 1000;
      time.offsetUs += stepUs;
      time.monotonicUs += 1000;
      clock.sample();
      expect(clock.steps).toBe(1);
      if (Math.abs(stepUs) === HOUR)
        expect(clock.toMonotonicUs(START + 300 + WALL)).toBe(START + 300);
      expect(clock.toMonotonicUs(START + 1500 + WALL + stepUs)).toBe(START + 1500);
      clock.sample();
      expect(clock.steps).toBe(1);
    },
  );

  it('takes the time of the drain for a packet that fits neither side of a step', () => {
    const { time, clock } = clocksAt(START, WALL);
    time.monotonicUs += 1000;
    time.offsetUs += HOUR;
    clock.sample();
    expect(clock.toMonotonicUs(WALL - HOUR)).toBe(START + 1000);
  });

  it('takes the time of the drain where the kernel told none', () => {
    const { clock } = clocksAt(START, WALL);
    expect(clock.toMonotonicUs(0)).toBe(START);
  });

  it('compares again when something came between the reads, but not for ever', () => {
    const { time, clock } = clocksAt(START, WALL);
    time.readUs = 100;
    clock.sample();
    expect(time.monotonicUs).toBe(START + 400);
  });
});
