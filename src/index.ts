/** The public surface of fantrace. */

export type { IsolateRecord } from './model/isolate-record.ts';
export type { Place, Suspect, VerdictKind } from './model/verdict.ts';
