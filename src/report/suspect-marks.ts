/** Which places and links of a report are marked: `!` suspected, `?` fits the same evidence. */

import type { IsolateRecord } from '../model/isolate-record.ts';
import type { Place } from '../model/verdict.ts';
import { SILENT, type Step } from './path-steps.ts';

export type Mark = '' | '!' | '?';

/** Answers for every place and link of the graph. */
export class SuspectMarks {
  readonly #nodes = new Map<string, Mark>();
  readonly #links = new Map<string, Mark>();
  readonly #farEnds = new Set<string>();
  /** Ways to the first TTL that was probed, by where they lead; null for all. */
  readonly #gaps = new Map<string | null, Mark>();

  constructor({ suspects }: IsolateRecord) {
    for (const suspect of suspects) this.#add(suspect, suspect.ttl, '!');
    for (const { equivalents, ttl } of suspects) {
      for (const rival of equivalents) this.#add(rival, ttl, '?');
    }
  }

  /** Of a router. */
  ofNode({ ttl, who }: Step): Mark {
    return this.#nodes.get(who === SILENT ? silentAt(ttl) : who) ?? '';
  }

  /** Of a link; `far` is null where nobody answers any more. */
  ofLink(near: string, far: string | null): Mark {
    const unseen = far === SILENT ? this.#links.get(linkKey(near, null)) : undefined;
    return this.#links.get(linkKey(near, far)) ?? unseen ?? '';
  }

  /** Of the way to a place at the first TTL that was probed, where that is not 1. */
  ofGap(far: string): Mark {
    return this.#gaps.get(far) ?? this.#gaps.get(null) ?? '';
  }

  /** Whether a marked link ends at this address. */
  isFarEnd(who: string): boolean {
    return this.#farEnds.has(who);
  }

  #add(place: Place, ttl: number, mark: Mark): void {
    if (place.beforeTtl === undefined) this.#addPlace(place, ttl, mark);
    else if (!this.#gaps.has(place.far)) this.#gaps.set(place.far, mark);
  }

  #addPlace({ kind, near, far, addresses }: Place, ttl: number, mark: Mark): void {
    if (kind === 'node') {
      const names = addresses.length > 0 ? addresses : [silentAt(ttl)];
      for (const name of names) if (!this.#nodes.has(name)) this.#nodes.set(name, mark);
      return;
    }
    if (far !== null) this.#farEnds.add(far);
    for (const from of new Set([near ?? SILENT, ...addresses])) {
      const key = linkKey(from, far);
      if (!this.#links.has(key)) this.#links.set(key, mark);
    }
  }
}

function silentAt(ttl: number): string {
  return `${SILENT} ${ttl}`;
}

function linkKey(near: string, far: string | null): string {
  return `${near} ${far ?? ''}`;
}
