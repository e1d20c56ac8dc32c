/** Traffic classes in words, as the sentence tells them from the others of a run. */

import type { TrafficClass } from '../../model/isolate-record.ts';

/**
 * What sets some classes apart: `of 1400 bytes`, `with TOS 184`, or both.
 *
 * @param hit indexes into `all`, at least one
 */
export function classText(all: readonly TrafficClass[], hit: readonly number[]): string {
  const chosen = hit.flatMap((each) => all[each] ?? []);
  const sizes = distinct(chosen.map(({ packetBytes }) => packetBytes));
  const values = distinct(chosen.map(({ tos }) => tos));
  const within = all.filter(
    (each) => sizes.includes(each.packetBytes) && values.includes(each.tos),
  );
  // Other combinations than these have no name but a list.
  if (within.length !== chosen.length)
    return chosen.map((each) => parts(each).join(' ')).join(' or ');
  const areAllSizes = sizes.length === distinct(all.map(({ packetBytes }) => packetBytes)).length;
  const areAllValues = values.length === distinct(all.map(({ tos }) => tos)).length;
  return [
    ...(areAllSizes ? [] : [`of ${sizes.join(' or ')} bytes`]),
    ...(areAllValues ? [] : [`with TOS ${values.join(' or ')}`]),
  ].join(' ');
}

function parts({ packetBytes, tos }: TrafficClass): string[] {
  return [`of ${packetBytes} bytes`, `with TOS ${tos}`];
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)];
}
