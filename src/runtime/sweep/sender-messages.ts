/** What a sweep and the threads that send its probes say to each other. */

import type { AddressSetParts } from '../../lib/address-ranges.ts';
import type { LinkCounters } from '../../model/packet-link.ts';
import type {
  SenderCheckpoint,
  SweepCheckpoint,
  SweepReplyRecord,
} from '../../model/sweep-record.ts';
import type { ToldError } from '../calls/worker-messages.ts';
import type { SweepOutputKind } from './sweep-encoders.ts';
import type { SweepProgress } from './sweep-listener.ts';
import type { SweepPlace } from './sweep-network.ts';
import type { SweepSettings } from './sweep-settings.ts';
import type { SweepOutcome } from './sweep-summary.ts';

/** The part of a sweep that one sender is to do. */
export interface SenderTask {
  /** From 0 up. */
  readonly sender: number;
  readonly place: SweepPlace;
  /** With its own shard, source ports and share of the pace. */
  readonly settings: SweepSettings;
  readonly targets: AddressSetParts;
  readonly resume: SweepCheckpoint | undefined;
  /** Undefined where replies are not kept. */
  readonly outputKind: SweepOutputKind | undefined;
  /** Whether every reply is to be told. */
  readonly isHeard: boolean;
}

/** To a sender. */
export type SenderRequest =
  | { readonly type: 'open'; readonly task: SenderTask }
  | { readonly type: 'start' }
  /** What others have found. */
  | { readonly type: 'learn'; readonly interfaces: Uint32Array }
  /** Everything that it has of its replies is to be handed over now, between two windows. */
  | { readonly type: 'settle' }
  /** The next window may begin. */
  | { readonly type: 'go' }
  /** The oldest chunk, or batch of replies, that was not yet is written or heard. */
  | { readonly type: 'taken'; readonly what: 'chunk' | 'replies' }
  | { readonly type: 'abort' };

/** What a sender came to, and where it was. */
export interface SenderResult {
  readonly outcome: SweepOutcome;
  readonly source: Uint8Array;
  readonly notes: readonly string[];
  readonly counters: LinkCounters;
}

/** From a sender. */
export type SenderAnswer =
  | { readonly type: 'opened' }
  | { readonly type: 'found'; readonly interfaces: Uint32Array }
  | { readonly type: 'replies'; readonly replies: readonly SweepReplyRecord[] }
  | { readonly type: 'chunk'; readonly bytes: Uint8Array }
  /** It waits for `go`. */
  | { readonly type: 'window'; readonly state: SenderCheckpoint }
  | { readonly type: 'settled' }
  | { readonly type: 'progress'; readonly progress: SweepProgress }
  | { readonly type: 'done'; readonly result: SenderResult }
  | { readonly type: 'failed'; readonly error: ToldError };
