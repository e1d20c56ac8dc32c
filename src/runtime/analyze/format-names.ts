/** The formats that `analyze` reads, by the names that its `--format` takes. */

export const TRACE_FORMATS = ['recording', 'capture', 'scamper', 'warts', 'atlas', 'mtr'] as const;

export type TraceFormat = (typeof TRACE_FORMATS)[number];
