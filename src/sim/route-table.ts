/** The next hops of a node in one direction: the usual ones, and others for some time. */

import type { Balancer } from './balancing.ts';
import { isActive, type Window } from './schedule.ts';
import type { Traveller } from './traveller.ts';

interface Change<Step> {
  readonly window: Window;
  readonly balancer: Balancer<Step>;
}

/** One routing table. */
export class RouteTable<Step> {
  #usual: Balancer<Step> | undefined = undefined;
  readonly #changes: Change<Step>[] = [];

  /** Next hops where nothing has changed. */
  get usual(): Balancer<Step> | undefined {
    return this.#usual;
  }

  setUsual(balancer: Balancer<Step>): void {
    this.#usual = balancer;
  }

  /** Next hops for some time; of several at once, the one that was added last counts. */
  add(window: Window, balancer: Balancer<Step>): void {
    this.#changes.push({ window, balancer });
  }

  /** Where a packet goes; undefined where no route is. */
  choose(packet: Traveller, atUs: number): Step | undefined {
    if (this.#changes.length === 0) return this.#usual?.choose(packet);
    return this.#balancerAt(atUs)?.choose(packet);
  }

  /** Where packets of its flow usually go, without drawing a random number. */
  usualStep(packet: Traveller, atUs: number): Step | undefined {
    return this.#balancerAt(atUs)?.usual(packet);
  }

  #balancerAt(atUs: number): Balancer<Step> | undefined {
    const change = this.#changes.findLast(({ window }) => isActive(window, atUs));
    return change?.balancer ?? this.#usual;
  }
}
