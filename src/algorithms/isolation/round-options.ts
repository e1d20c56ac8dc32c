/** What a round is planned from, and made of. */

import type { Random } from '../../lib/random.ts';
import type { ProbeWorth } from '../localisation/probe-worth.ts';
import type { HiddenLoss } from './hidden-loss.ts';

/** One probe to send. */
export interface PlannedProbe {
  readonly flow: number;
  readonly ttl: number;
}

export interface RoundPlanOptions {
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Flows to probe in this round. */
  readonly chosen: readonly number[];
  /** Flows that may cross a loss: hops that have not answered them are asked more often. */
  readonly leads: readonly number[];
  /** Probes that would tell where losses are, none unless told. */
  readonly worths?: readonly ProbeWorth[];
  /** Another loss that is looked for, as all else is known: the rest gets hardly any probes. */
  readonly hidden?: HiddenLoss | undefined;
  /** Probes whose outcome is not known yet, none unless told. */
  readonly inFlight?: readonly PlannedProbe[];
  /** How many times as large as the first rounds it is, at least 1 and that unless told. */
  readonly size?: number;
  /** Interfaces that limit their replies. */
  readonly limited: ReadonlySet<number>;
  /** Probes a round for one of these, a few unless told: enough to keep it on the map. */
  readonly limitedPerRound?: (responder: number) => number;
  readonly random: Random;
}
