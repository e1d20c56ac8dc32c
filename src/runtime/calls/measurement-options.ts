/** Options that every measurement has as a library call. */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { ThreadOption } from './measuring-thread.ts';
import type { OptionKinds } from './option-kinds.ts';

/** Where to measure, what to look up, and when to end. */
export interface MeasurementOptions extends ThreadOption {
  /** One of our addresses; that of the route unless told. */
  readonly source?: string;
  /** Name of the network interface to send by. */
  readonly interface?: string;
  /** Whether to look up names of addresses; true unless told. */
  readonly names?: boolean;
  /** A MaxMind database (MMDB) of autonomous systems, by its file name; read once a process. */
  readonly asDatabase?: string;
  /** Which addresses of a name will do; either, in the order of the system, unless told. */
  readonly family?: IpFamily;
  /** A shipped scenario by its name, or a file: nothing is sent. */
  readonly simulate?: string;
  /** Makes everything random repeatable. */
  readonly seed?: number;
  /** Ends the measurement early; what is known by then is its result. */
  readonly signal?: AbortSignal;
}

/** Of what kind they are. */
export const MEASUREMENT_KINDS: OptionKinds<Required<MeasurementOptions>> = {
  source: 'string',
  interface: 'string',
  names: 'boolean',
  asDatabase: 'string',
  family: 'number',
  simulate: 'string',
  seed: 'number',
  signal: 'object',
  thread: 'string',
};
