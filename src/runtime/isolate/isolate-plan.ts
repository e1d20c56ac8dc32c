/** What a run would do first, and what it may cost at most; nothing is opened and nothing sent. */

import { Isolation } from '../../algorithms/isolation/isolation.ts';
import type { IpFamily } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import { AddressBook } from '../../model/address-book.ts';
import type { IsolateOptions } from './isolate-run.ts';
import { trafficClasses } from './probed-flows.ts';

/** A plan, before the first reply has changed it. */
export interface IsolatePlan {
  /** Probes of the first round: scouts, which learn how far away the target is. */
  readonly firstProbes: readonly { readonly flow: number; readonly ttl: number }[];
  /** The most that may be sent: `maxProbes`, or what the rate allows within the time. */
  readonly probesMax: number;
  /** … in whole IP packets, if they were all of the longest class. */
  readonly bytesMax: number;
  /** The time in which `probesMax` could be sent at the earliest, at most `maxTimeUs`. */
  readonly sendingUs: number;
}

/**
 * Plans as the run itself would: the algorithm is asked for its first round.
 *
 * @param flows to each target in each class
 */
export function planIsolate(
  options: IsolateOptions,
  request: { readonly flows: number; readonly targets: number; readonly family: IpFamily },
): IsolatePlan {
  const firstProbes: { flow: number; ttl: number }[] = [];
  const prober = {
    order: (flow: number, ttl: number): void => {
      firstProbes.push({ flow, ttl });
    },
    queued: 0,
    slowDown: (): void => {},
    speedUp: (): void => {},
  };
  const { flows, targets } = request;
  const classes = trafficClasses(options, request.family);
  const random = new Random(options.seed).fork();
  const addresses = new AddressBook();
  const isolation = new Isolation(
    {
      ...options,
      flows: flows * targets * classes.length,
      classes: classes.length,
      target: 0,
      targets: [...new Array(targets).keys()],
      source: '',
    },
    { random, addresses },
  );
  isolation.advance(0, prober);
  const probesMax = Math.min(
    options.maxProbes,
    Math.ceil((options.maxTimeUs / 1e6) * options.total),
  );
  return {
    firstProbes: firstProbes.sort((a, b) => a.flow - b.flow || a.ttl - b.ttl),
    probesMax,
    bytesMax: probesMax * Math.max(...classes.map(({ packetBytes }) => packetBytes)),
    sendingUs: Math.round((probesMax / options.total) * 1e6),
  };
}
