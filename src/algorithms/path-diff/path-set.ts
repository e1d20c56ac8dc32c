/**
 * The paths of one measurement as a set of links between interfaces, in the form in which two
 * measurements can be compared: by addresses, not by TTL, so that a router more on the way does not
 * change all that is behind it; and across silent hops, which have no name of their own.
 */

import type { PathsPlace, PathsRecord } from '../../model/paths-record.ts';

/** Where flows were seen, and how they went on. */
export interface SetPlace {
  /** The same in every measurement: `source`, an address, or a balancer's clump. */
  readonly key: string;
  /** As it is shown. */
  readonly text: string;
  /** The nearest TTL at which it was seen; 0 for the source. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly roundTripsMs: readonly number[];
}

/** Two places that flows pass one after the other. */
export interface SetLink {
  /** The same in every measurement. */
  readonly key: string;
  /** Keys of places; `far` is null where paths end. */
  readonly near: string;
  readonly far: string | null;
  /** Silent hops in between. */
  readonly silentHops: number;
  /** How the paths end here; null where they go on. */
  readonly end: 'silent' | 'refused' | 'loop' | null;
  /** Flows that took it. */
  readonly flows: number;
  /** Of the flows that were seen to go on from its near end. */
  readonly share: number;
  /** Whether it takes packets of flows that others take, too: flows say little of its share. */
  readonly isSprayed: boolean;
}

/** What one measurement found. */
export interface PathSet {
  readonly places: ReadonlyMap<string, SetPlace>;
  readonly links: ReadonlyMap<string, SetLink>;
  /** By key of a place: flows that were seen to go on from it. */
  readonly observed: ReadonlyMap<string, number>;
  /** Whether the search kept its promise everywhere. */
  readonly isComplete: boolean;
  /**
   * Whether clumps are only places that nobody told apart, as those of scamper are: behind a
   * balancer at the first hop, or where a flow went unanswered. Else balancers send each packet
   * another way there.
   */
  readonly hasVagueClumps: boolean;
}

export const SOURCE_KEY = 'source';

/** The key of what stands behind a place and was not told apart. */
export function clumpKey(near: string | number): string {
  return `{${near}}`;
}

/** Whether a link begins or ends at such places. */
export function touchesClump({ near, far }: Pick<SetLink, 'near' | 'far'>): boolean {
  return near.startsWith('{') || far?.startsWith('{') === true;
}

/** Reads a record as a set of links. */
export function pathSetOf({ hops, flows, stopReason }: PathsRecord): PathSet {
  const builder = new PathSetBuilder();
  const places = new Map(hops.flatMap((hop) => hop.places.map((place) => [place.id, place])));
  const source = hops[0]?.places[0];
  for (const place of places.values()) {
    for (const { key, text } of interfacesOf(place)) builder.see({ key, text }, aboutOf(place));
  }
  for (const { path } of flows) {
    const walk = new Walk(builder, source);
    for (const id of path) walk.step(id === null ? undefined : places.get(id));
  }
  return builder.set(stopReason === 'complete');
}

/** Collects links flow by flow. */
export class PathSetBuilder {
  readonly #places = new Map<string, SetPlace>();
  readonly #links = new Map<string, Omit<SetLink, 'share'>>();

  /** Notes a place, or what more is known of it. */
  see(
    { key, text }: Pick<SetPlace, 'key' | 'text'>,
    about: Pick<SetPlace, 'ttl' | 'roundTripsMs'>,
  ): void {
    const known = this.#places.get(key);
    const ttl = Math.min(about.ttl, known?.ttl ?? about.ttl);
    const roundTripsMs = [...(known?.roundTripsMs ?? []), ...about.roundTripsMs];
    this.#places.set(key, { key, text, ttl, roundTripsMs });
  }

  /** Notes that so many flows took a link. */
  add(link: Pick<SetLink, 'near' | 'far' | 'silentHops' | 'end' | 'isSprayed'>, flows = 1): void {
    const { near, far, silentHops, end } = link;
    const key = `${near} ${'* '.repeat(silentHops)}${far ?? end}`;
    const known = this.#links.get(key);
    this.#links.set(key, { ...link, key, flows: flows + (known?.flows ?? 0) });
  }

  set(isComplete: boolean, hasVagueClumps = false): PathSet {
    const observed = new Map<string, number>();
    for (const { near, flows, isSprayed } of this.#links.values()) {
      if (!isSprayed) observed.set(near, flows + (observed.get(near) ?? 0));
    }
    const links = new Map<string, SetLink>();
    for (const [key, link] of this.#links) {
      const total = observed.get(link.near) ?? link.flows;
      links.set(key, { ...link, share: link.isSprayed ? 1 : link.flows / total });
    }
    return { places: this.#places, links, observed, isComplete, hasVagueClumps };
  }
}

function interfacesOf({ kind, addresses }: PathsPlace): Pick<SetPlace, 'key' | 'text'>[] {
  if (kind === 'source') return [{ key: SOURCE_KEY, text: addresses[0]?.address ?? 'source' }];
  return addresses.map(({ address }) => ({ key: address, text: address }));
}

/** Of several interfaces in one place nobody knows which one took how long. */
function aboutOf({ kind, ttl, roundTripsMs }: PathsPlace): Pick<SetPlace, 'ttl' | 'roundTripsMs'> {
  return { ttl, roundTripsMs: kind === 'interface' ? roundTripsMs : [] };
}

/** One flow on its way. */
class Walk {
  readonly #builder: PathSetBuilder;
  #near: string | undefined;
  #silentHops = 0;

  constructor(builder: PathSetBuilder, source: PathsPlace | undefined) {
    this.#builder = builder;
    this.#near = source?.kind === 'source' ? SOURCE_KEY : undefined;
  }

  step(place: PathsPlace | undefined): void {
    if (place === undefined) {
      this.#near = undefined; // not probed here: how it came to the next place is not known
      this.#silentHops = 0;
      return;
    }
    if (place.kind === 'silent') this.#silentHops++;
    else this.#arrive(place);
    const { end } = place;
    if (end === null || end === 'target') return;
    if (this.#near === undefined) return;
    const silentHops = end === 'silent' ? 0 : this.#silentHops; // however far it was followed
    const link = { near: this.#near, far: null, silentHops, isSprayed: false };
    this.#builder.add({ ...link, end });
  }

  #arrive(place: PathsPlace): void {
    const members = interfacesOf(place);
    let [here] = members.map(({ key }) => key);
    if (place.kind === 'clump') {
      here = clumpKey(this.#near ?? place.ttl);
      const text = `{${members.length} interfaces}`;
      this.#builder.see({ key: here, text }, aboutOf(place));
      for (const { key } of members) this.#link(key, { isSprayed: true });
    }
    if (here === undefined) return;
    this.#link(here, { isSprayed: false });
    this.#near = here;
    this.#silentHops = 0;
  }

  #link(far: string, { isSprayed }: Pick<SetLink, 'isSprayed'>): void {
    if (this.#near === undefined) return;
    const link = { near: this.#near, far, silentHops: this.#silentHops, end: null, isSprayed };
    this.#builder.add(link);
  }
}
