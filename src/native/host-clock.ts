/** The kernel's wall clock, which received packets are stamped with. */

import { timespecUs } from './control-messages.ts';
import { libc } from './libc.ts';
import { CLOCK_REALTIME } from './linux-abi.ts';

const timespec = new Uint8Array(16);
const timespecView = new DataView(timespec.buffer);

/** CLOCK_REALTIME now, in whole microseconds; steps when the clock is set. */
export function realtimeUs(): number {
  libc().clock_gettime(CLOCK_REALTIME, timespec);
  return timespecUs(timespecView, 0);
}
