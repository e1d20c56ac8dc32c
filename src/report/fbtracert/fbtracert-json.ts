/** Paths as the JSON of `fbtracert`: three objects, keyed by source port, indented by tabs. */

import type { FbtracertPath } from './fbtracert-paths.ts';

/** One document with a newline behind it, also where there are no paths. */
export function formatFbtracertJson(paths: readonly FbtracertPath[]): string {
  // As text, because JavaScript would put keys that are numbers into the order of numbers.
  const byKey = [...paths].sort((a, b) => (`${a.sourcePort}` < `${b.sourcePort}` ? -1 : 1));
  const object = (key: string, values: (path: FbtracertPath) => readonly unknown[]): string => {
    const members = byKey.map((path) => `"${path.sourcePort}": ${indented(values(path))}`);
    return `\t"${key}": ${members.length === 0 ? '{}' : `{\n\t\t${members.join(',\n\t\t')}\n\t}`}`;
  };
  const objects = [
    object('Paths', ({ hops }) => hops),
    object('Sent', ({ sent }) => sent),
    object('Rcvd', ({ received }) => received),
  ];
  return `{\n${objects.join(',\n')}\n}\n`;
}

/** Go's encoder escapes what HTML would act on, so that these are the same bytes. */
function indented(values: readonly unknown[]): string {
  return JSON.stringify(values, null, '\t')
    .replaceAll('\n', '\n\t\t')
    .replaceAll(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
