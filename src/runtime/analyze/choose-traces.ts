/** Which traces of the files a verdict is about: those of one source, by one protocol. */

import { listed } from '../../algorithms/isolation/sentence-text.ts';
import { counted } from '../../lib/counted.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import { hostKey } from './seen-host.ts';
import {
  PROBES_MAX,
  type SeenFile,
  type SeenHost,
  type SeenTrace,
  TraceFileError,
} from './seen-traces.ts';

/** What the user asks for; all that there is where left out. */
export interface TraceChoice {
  /** Address or name. */
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly protocol?: IsolateProtocol | undefined;
}

/** Traces that belong together. */
export interface ChosenTraces {
  readonly source: SeenHost;
  readonly protocol: IsolateProtocol;
  /** In the order in which the files name them; at least one. */
  readonly targets: readonly SeenTrace['target'][];
  readonly traces: readonly SeenTrace[];
  readonly notes: readonly string[];
  readonly foreignReplies: number;
  readonly malformed: number;
  readonly duplicates: number;
}

const NAMED_MAX = 8;
/** Flows as for a live run; the memory that a verdict takes grows with them. */
const FLOWS_MAX = 65_536;

/**
 * Chooses from all files.
 *
 * @throws {TraceFileError} where nothing fits the choice, or it leaves several sources or protocols
 */
export function chooseTraces(files: readonly SeenFile[], choice: TraceChoice): ChosenTraces {
  const all = files.flatMap(({ traces }) => traces);
  if (all.length === 0) {
    throw new TraceFileError('there is no trace in what was read', 'NO_TRACES');
  }
  const fitting = all.filter((trace) => fits(trace, choice));
  const telling = fitting.filter(({ areLossesTold }) => areLossesTold);
  // Answers alone, counted beside answers and losses, would make every loss look smaller.
  const chosen = telling.length > 0 ? telling : fitting;
  const [first] = chosen;
  if (first === undefined) {
    const wanted = Object.entries(choice).find(([key, value]) => noneIs(all, key, value));
    const [key, value] = wanted ?? ['target', 'that'];
    const there = namesOf(all, key as keyof TraceChoice);
    throw new TraceFileError(`no trace has --${key} ${value}: there is ${there}`, 'NO_TRACES');
  }
  requireOne(chosen, 'source');
  requireOne(chosen, 'protocol');
  const targets = new Map(chosen.map(({ target }) => [hostKey(target), target]));
  const probes = chosen.reduce((sum, trace) => sum + trace.probes.length, 0);
  if (probes > PROBES_MAX || chosen.length > FLOWS_MAX) {
    const size = `${chosen.length} traces of ${probes} probes`;
    const most = `${FLOWS_MAX} traces and ${PROBES_MAX} probes`;
    throw new TraceFileError(
      `${size} are more than ${most}: choose some with --target`,
      'TOO_MANY_TRACES',
    );
  }
  return {
    source: first.source,
    protocol: first.protocol,
    targets: [...targets.values()],
    traces: chosen,
    notes: [
      ...new Set([
        ...files.flatMap(({ notes }) => notes),
        ...mixedNotes(chosen),
        ...leftOut(fitting.length - chosen.length),
      ]),
    ],
    foreignReplies: sumOf(files, ({ foreignReplies }) => foreignReplies),
    malformed: sumOf(files, ({ malformed }) => malformed),
    duplicates: sumOf(files, ({ duplicates }) => duplicates),
  };
}

function sumOf(files: readonly SeenFile[], of: (file: SeenFile) => number | undefined): number {
  return files.reduce((sum, file) => sum + (of(file) ?? 0), 0);
}

function fits(trace: SeenTrace, { source, target, protocol }: TraceChoice): boolean {
  return (
    (source === undefined || isCalled(trace.source, source)) &&
    (target === undefined || isCalled(trace.target, target)) &&
    (protocol === undefined || trace.protocol === protocol)
  );
}

function isCalled({ address, name }: SeenHost, text: string): boolean {
  return address === text || name === text;
}

function noneIs(traces: readonly SeenTrace[], key: string, value: string | undefined): boolean {
  return value !== undefined && !traces.some((trace) => fits(trace, { [key]: value }));
}

function namesOf(traces: readonly SeenTrace[], key: keyof TraceChoice): string {
  const names = traces.map((trace) => (key === 'protocol' ? trace.protocol : trace[key].name));
  return listed([...new Set(names)], NAMED_MAX, 'and');
}

/** Paths from several sources share too little to be counted as one network. */
function requireOne(traces: readonly SeenTrace[], key: 'source' | 'protocol'): void {
  const names = traces.map((trace) => (key === 'source' ? trace.source.name : trace.protocol));
  const distinct = new Set(names).size;
  if (distinct < 2) return;
  const what = key === 'source' ? 'sources' : 'protocols';
  throw new TraceFileError(
    `there are traces of ${distinct} ${what}: choose one with --${key}: ${namesOf(traces, key)}`,
    'SEVERAL_CHOICES',
  );
}

function leftOut(flows: number): string[] {
  if (flows === 0) return [];
  return [`${counted(flows, 'flow')} of tracelb left out, as lost probes are not told of them`];
}

function mixedNotes(traces: readonly SeenTrace[]): string[] {
  const mixed = traces.filter(({ isMixed }) => isMixed).length;
  if (mixed === 0) return [];
  const which = mixed === traces.length ? 'the traces' : `${mixed} of ${traces.length} traces`;
  return [
    `${which} sent each probe as another flow: where balancers choose by flow, ` +
      'neighbouring hops may be of different paths, so that a place is suspected at most',
  ];
}
