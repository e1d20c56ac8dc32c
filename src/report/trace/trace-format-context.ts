/** What formats of other programs tell that is in no trace: where and when they were written. */

import type { Paint } from '../paint.ts';

/** Given by whoever writes. */
export interface TraceFormatContext {
  /** The name of this host. */
  readonly hostname: string;
  /** Whole seconds since 1970, at the time of the call. */
  readonly nowSeconds: () => number;
  /** Whether names of addresses are left out. */
  readonly isNumeric: boolean;
  /** Colours of the text; none unless told. */
  readonly paint?: Paint;
}
