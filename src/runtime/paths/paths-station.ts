/**
 * One engine and one set of sockets for all multipath searches that run at a time, however many
 * targets they have. Flows of different targets share source ports: tokens tell them apart.
 */

import { Discovery } from '../../algorithms/multipath/discovery.ts';
import type { SearchSettings } from '../../algorithms/multipath/search.ts';
import type { PathsAliases } from '../../model/paths-record.ts';
import type { ProbeReply, ProbeSink } from '../../model/probe.ts';
import type { SpoilCounts } from '../../model/spoil-counts.ts';
import type { FlowRequest, ProbeEngine } from '../../probing/probe-engine.ts';
import { spoilCounts, spoilsBetween } from '../links/spoil-counts.ts';
import { StationLoop, type StationTask, type TaskTimes } from '../links/station-loop.ts';
import type { StationParts } from '../links/station-parts.ts';
import { type AliasParts, AliasTask } from './paths-aliases.ts';

/** So many searches at a time are planned reply by reply; more of them, round by round. */
const HASTY_MAX = 8;

/** One search to run. */
export interface SearchRequest {
  readonly settings: SearchSettings;
  /** The fields of a flow by its number; undefined when no port is left for it. */
  readonly flowAt: (flow: number) => FlowRequest | undefined;
  readonly signal: AbortSignal | undefined;
  /** Hears of every reply in time. */
  readonly replied: (reply: ProbeReply) => void;
  /** Hears of every turn in which something happened. */
  readonly progress: (counts: SearchCounts, elapsedUs: number) => void;
}

export interface SearchCounts {
  /** What is being done, where that is not the search itself. */
  readonly stage?: string;
  readonly probesSent: number;
  readonly repliesReceived: number;
}

/** A search that is over. */
export interface FinishedSearch extends TaskTimes {
  readonly discovery: Discovery;
  readonly flows: readonly FlowRequest[];
  readonly counts: SearchCounts;
  readonly spoils: SpoilCounts;
}

/** Runs any number of searches. */
export class PathsStation {
  readonly parts: StationParts;
  readonly #loop: StationLoop;

  constructor(parts: StationParts) {
    this.parts = parts;
    this.#loop = new StationLoop(parts);
  }

  /** Packets wait at the sockets. */
  readable(): void {
    this.#loop.readable();
  }

  /** Runs one search to its end. Rejects when the sockets fail. */
  async run(request: SearchRequest): Promise<FinishedSearch> {
    const before = spoilCounts(this.parts);
    const search = new ActiveSearch(request, {
      engine: this.parts.engine,
      nowUs: this.parts.timeline.nowUs(),
      touch: () => this.#loop.touch(search),
      isCrowded: () => this.#loop.active > HASTY_MAX,
    });
    const times = await this.#loop.run(search, request.signal);
    const { discovery, flows, counts } = search;
    const spoils = spoilsBetween(before, spoilCounts(this.parts));
    return { ...times, discovery, flows, counts, spoils };
  }

  /** Tells which interfaces of a finished search are one router. */
  async aliases(
    parts: Omit<AliasParts, 'engine' | 'addresses'>,
    signal: AbortSignal | undefined,
  ): Promise<PathsAliases> {
    const { engine, addresses } = this.parts;
    const task = new AliasTask({ ...parts, engine, addresses }, () => this.#loop.touch(task));
    await this.#loop.run(task, signal);
    return task.record();
  }
}

interface SearchSurroundings {
  readonly engine: ProbeEngine;
  readonly nowUs: number;
  readonly touch: () => void;
  readonly isCrowded: () => boolean;
}

class ActiveSearch implements StationTask {
  readonly discovery: Discovery;
  readonly flows: FlowRequest[] = [];
  readonly counts = { probesSent: 0, repliesReceived: 0 };
  readonly #request: SearchRequest;
  readonly #surroundings: SearchSurroundings;
  readonly #engineFlows: number[] = [];

  constructor(request: SearchRequest, surroundings: SearchSurroundings) {
    this.#request = request;
    this.#surroundings = surroundings;
    const order = (flow: number, ttl: number, round: number): void => this.#order(flow, ttl, round);
    this.discovery = new Discovery(request.settings, order, surroundings.nowUs);
  }

  get isOver(): boolean {
    return this.discovery.end !== undefined;
  }

  advance(nowUs: number): void {
    this.discovery.advance(nowUs, { inRounds: this.#surroundings.isCrowded() });
    this.#request.progress(this.counts, nowUs - this.#surroundings.nowUs);
  }

  deadlineUs(): number {
    return this.discovery.deadlineUs();
  }

  abort(): void {
    this.discovery.abort();
  }

  release(nowUs: number): void {
    for (const flow of this.#engineFlows) this.#surroundings.engine.releaseFlow(flow, nowUs);
  }

  #order(flow: number, ttl: number, round: number): void {
    const { engine } = this.#surroundings;
    while (this.flows.length <= flow) {
      const number = this.flows.length;
      const request = this.#request.flowAt(number);
      if (request === undefined) {
        this.discovery.limitFlows(number);
        this.discovery.unsent(flow, ttl);
        return;
      }
      this.#engineFlows.push(engine.addFlow(request, this.#sinkOf(number)));
      this.flows.push(request);
    }
    engine.order(this.#engineFlows[flow] ?? 0, ttl, round);
  }

  #sinkOf(flow: number): ProbeSink {
    const { discovery, counts } = this;
    const { touch } = this.#surroundings;
    const heard = (call: () => void): void => {
      call();
      touch();
    };
    return {
      sent: () => counts.probesSent++,
      replied: (reply) => {
        counts.repliesReceived++;
        heard(() => discovery.replied({ ...reply, flow }));
        this.#request.replied({ ...reply, flow });
      },
      repliedLate: (reply) => {
        counts.repliesReceived++;
        heard(() => discovery.repliedLate({ ...reply, flow }));
      },
      lost: (_, ttl) => heard(() => discovery.lost(flow, ttl)),
      unsent: (_, ttl) => heard(() => discovery.unsent(flow, ttl)),
    };
  }
}
