/** What is known of the addresses in a record besides the measurement. */

import type { AsOrigin } from '../../model/as-origin.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';

/** By address. */
export interface AddressFacts {
  readonly names: ReadonlyMap<string, string>;
  readonly origins: ReadonlyMap<string, AsOrigin>;
}

/** The addresses of all interfaces of a record. */
export function addressesOf({ hops }: IsolateRecord): string[] {
  return hops.flatMap(({ interfaces }) => interfaces.map(({ address }) => address));
}

/** The record with what is known of its interfaces. */
export function withFacts(record: IsolateRecord, { names, origins }: AddressFacts): IsolateRecord {
  return {
    ...record,
    hops: record.hops.map(({ ttl, interfaces }) => ({
      ttl,
      interfaces: interfaces.map((each) => ({
        ...each,
        name: names.get(each.address) ?? null,
        as: origins.get(each.address) ?? null,
      })),
    })),
  };
}
