/** What `fbtracert` says on stderr when it is done: the sentence first. */

import type { IsolateRecord } from '../../model/isolate-record.ts';
import { counted } from '../wrap.ts';

/** Lines end with a newline, the last one too. */
export function verdictLines(
  { summary, partial, stopReason, verdict, flows, measurement }: IsolateRecord,
  { logtostderr }: { readonly logtostderr: boolean },
): string {
  const changed = flows.filter(({ changedPath }) => changedPath).length;
  const { socketDrops, sendErrors, notes } = measurement;
  const facts: readonly (readonly [isTold: boolean, text: string])[] = [
    [true, partial ? `${summary} (partial: interrupted)` : summary],
    [stopReason === 'max-time', 'Ended by -maxTime before the answer was sure'],
    [stopReason === 'max-probes', 'Ended by -maxTime and -probeRate before the answer was sure'],
    [socketDrops > 0, `${counted(socketDrops, 'packet')} lost by our own kernel before we read`],
    [sendErrors > 0, `${counted(sendErrors, 'probe')} refused by our own kernel, and sent again`],
    // The next two are what the original logs, word by word, for scripts that look for them.
    [logtostderr && verdict === 'no-loss', 'Did not find any faulty paths'],
    [
      changed > 0,
      `A total of ${changed} ports out of ${flows.length} changed their paths while tracing`,
    ],
  ];
  const lines = [...facts.flatMap(([isTold, text]) => (isTold ? [text] : [])), ...notes];
  return lines.map((line) => `${line}\n`).join('');
}
