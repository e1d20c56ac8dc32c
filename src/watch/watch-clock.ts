/** The time that a watcher lives in, so that tests need not wait for it. */

/** A timer that has been set. */
export interface Alarm {
  cancel(): void;
}

export interface WatchClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls once, that many milliseconds from now. Does not keep the process alive. */
  after(ms: number, call: () => void): Alarm;
}

/** Time as it passes. */
export const HOST_CLOCK: WatchClock = {
  nowMs: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Calls again and again, the first time one period from now. */
export function every(clock: WatchClock, periodMs: () => number, call: () => void): Alarm {
  let alarm = clock.after(periodMs(), ring);
  function ring(): void {
    alarm = clock.after(periodMs(), ring);
    call();
  }
  return { cancel: () => alarm.cancel() };
}
