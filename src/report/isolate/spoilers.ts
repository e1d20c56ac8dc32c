/** What may have spoiled a measurement: our own host, or what was seen beside the answers. */

import type { IsolateRecord, Measurement } from '../../model/isolate-record.ts';
import type { VerdictKind } from '../../model/verdict.ts';
import { counted, listed } from '../wrap.ts';

type Fact = readonly [isTold: boolean, text: string];

const PORTS_LISTED = 10;
/** Our own process was kept from its work for longer than timing can bear: often, or once. */
const SLOW_LOOP_MS = 50;
const STALL_MS = 500;
/** Verdicts that might have been surer, had our own host done its part. */
const UNSURE: readonly VerdictKind[] = ['loss-suspected', 'inconclusive', 'target-unreachable'];

/** To be said beside the verdict: none where it is sure in spite of our own host. */
export function ownHostSentences({ verdict, measurement }: IsolateRecord): string[] {
  const told = toldOf(ownHostFacts(measurement));
  if (told.length === 0 || !UNSURE.includes(verdict)) return [];
  return [`This host may have spoiled the result: ${told.join('; ')}.`];
}

/** A line each; empty when nothing spoiled the measurement. */
export function spoilers({ measurement, stopReason, flows }: IsolateRecord): string[] {
  const { skippedPorts, notes, lateReplies, malformed } = measurement;
  const changed = flows.filter(({ changedPath }) => changedPath).length;
  const inUse = listed(skippedPorts.map(String), PORTS_LISTED);
  const told = toldOf([
    [stopReason.startsWith('max-'), `ended by --${stopReason} before the answer was sure`],
    [changed > 0, `${counted(changed, 'flow')} changed path during the measurement`],
    ...ownHostFacts(measurement),
    [lateReplies > 0, `replies that came after their time-out: ${lateReplies}`],
    [malformed > 0, `${counted(malformed, 'malformed packet')} received`],
    [skippedPorts.length > 0, `source ports in use, and skipped: ${inUse}`],
  ]);
  return [...told, ...notes];
}

function ownHostFacts(measurement: Measurement): Fact[] {
  const { socketDrops, sendErrors, loopDelayP99Ms, loopDelayMaxMs, clockSteps } = measurement;
  const waitedMs = Math.round(loopDelayMaxMs);
  return [
    [socketDrops > 0, `${counted(socketDrops, 'packet')} lost by our own kernel before we read`],
    [sendErrors > 0, `sending refused by our own kernel ${counted(sendErrors, 'time')}`],
    [
      loopDelayP99Ms > SLOW_LOOP_MS || loopDelayMaxMs > STALL_MS,
      `this host was busy: our process waited up to ${waitedMs} ms for its turn`,
    ],
    [clockSteps > 0, `the clock of this host was set ${counted(clockSteps, 'time')} meanwhile`],
  ];
}

function toldOf(facts: readonly Fact[]): string[] {
  return facts.flatMap(([isTold, text]) => (isTold ? [text] : []));
}
