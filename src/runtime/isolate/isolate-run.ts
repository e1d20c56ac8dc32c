/** What a run of `isolate` is asked for, and what is left of it when it is over. */

import type { Isolation } from '../../algorithms/isolation/isolation.ts';
import type { IsolationOptions } from '../../algorithms/isolation/isolation-options.ts';
import type { FlagNames } from '../../algorithms/isolation/summary-facts.ts';
import type { IpFamily } from '../../lib/ip-address.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { LoopDelays } from '../../model/isolate-record.ts';
import type { EngineCounters } from '../../probing/probe-engine.ts';
import type { Network } from '../links/network.ts';
import type { ProbedFlow, TrafficOptions } from './probed-flows.ts';

export interface IsolateOptions
  extends Omit<
      IsolationOptions,
      'flows' | 'target' | 'targets' | 'source' | 'classes' | 'mayTargetLimit'
    >,
    TrafficOptions {
  /** The targets as the user named them, one for each destination of the network. */
  readonly targetNames: readonly string[];
  /** Name of the scenario that the network simulates. */
  readonly simulated: string | null;
  /** Probes a second: towards one interface at most, and in all. */
  readonly perInterface: number;
  readonly total: number;
  readonly seed: number;
  /** What the sentences call the flags of the command line; as `fantrace` has them unless told. */
  readonly flagNames?: FlagNames;
  /** Set where probes that count as of one flow may have taken several paths. */
  readonly arePathsMixed?: boolean;
  /** Goes on when the answer is sure, until the time or the probes are spent. */
  readonly untilMaxTime?: boolean;
}

/** What a record tells of the network that a run took place on. */
export interface MeasuredNetwork
  extends Pick<
    Network,
    'source' | 'destinations' | 'port' | 'sourcePorts' | 'skippedPorts' | 'notes'
  > {
  readonly link: Pick<Network['link'], 'counters'>;
  /** The flows, where they are not each port to each destination in each class. */
  readonly flows?: readonly ProbedFlow[];
  /** The source, where its address is not known. */
  readonly sourceName?: string;
}

/** A run, and what was seen beside its counts. */
export interface FinishedRun {
  readonly options: IsolateOptions;
  readonly network: MeasuredNetwork;
  readonly family: IpFamily;
  readonly isolation: Isolation;
  readonly counters: EngineCounters;
  readonly addresses: AddressBook;
  /** MPLS label stacks by address index. */
  readonly labels: ReadonlyMap<number, readonly number[]>;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly loopDelays: LoopDelays;
  /** On the clock of the run. */
  readonly endedAtUs: number;
}
