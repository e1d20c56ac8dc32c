/** What a sweep is asked for, complete. */

import type { SweepRates } from '../../probing/sweep/sweep-pace.ts';
import type { SweepProtocol } from '../../probing/sweep/sweep-packet.ts';
import type { WindowOptions } from './sweep-windows.ts';

/** Everything that a sweep is asked for; nothing is left open. */
export interface SweepSettings extends Omit<WindowOptions, 'targets' | 'rate'> {
  readonly protocol: SweepProtocol;
  /** Of ICMP the checksum of flow 0. */
  readonly port: number;
  /** Flows have this one and those that follow. */
  readonly sourcePort: number;
  readonly rates: SweepRates;
  readonly timeoutUs: number;
  /** Infinity for as many as it takes. */
  readonly maxProbes: number;
  readonly isSimulated: boolean;
}
