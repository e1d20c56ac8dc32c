/** `fantrace analyze`: the verdict of what was recorded, by this program or by another. */

import { Command, Option } from 'commander';
import type { IsolateProtocol, IsolateRecord } from '../../model/isolate-record.ts';
import { TRACE_FORMATS, type TraceFormat } from '../../runtime/analyze/format-names.ts';
import type { TraceInput } from '../../runtime/analyze/trace-input.ts';
import { type AddressFacts, addressesOf, withFacts } from '../../runtime/names/address-facts.ts';
import { CliError } from '../cli-error.ts';
import { choiceOption, TEXT, ValueOption } from '../flag-values.ts';
import { openOutputs, statusWithFiles } from '../output-files.ts';
import { exitStatusOf, openSystems } from './isolate.ts';
import { pictureOptions, type ReportFlags, reportOptions } from './isolate-flags.ts';
import type { IsolateReport } from './isolate-report.ts';

const EXAMPLES = `
Exit status:
  0    no loss found
  2    loss located or suspected, or the target does not answer
  3    inconclusive: what was recorded does not suffice
  1    a file cannot be read
  130  the recorded run was interrupted

Examples:
  sudo fantrace isolate db7.example.net --record db7.jsonl.gz
  fantrace analyze db7.jsonl.gz
  fantrace analyze db7.jsonl.gz --json
  sudo tcpdump -i any -w db7.pcap; fantrace analyze db7.pcap
  mtr --json -n -c 100 db7.example.net | fantrace analyze -
  fantrace analyze monday.json tuesday.json --target 192.0.2.7
  fantrace analyze --paths 20211001T002556Z_ndt_1632518393_0000000000051A0C.jsonl`;

/** The command, for the program to add. */
export function analyzeCommand(): Command {
  const command = new Command('analyze')
    .summary('tell the verdict of what was recorded, by this or another program')
    .description(
      'Tells what isolate would, of packets that were sent before. A file that isolate --record ' +
        'wrote is replayed, and gives the same verdict, byte for byte. Traces of other programs ' +
        'are counted and judged the same way. Sends nothing and needs no rights.',
    )
    .argument('<FILE...>', 'files of one source, compressed or not; - for the standard input')
    .addOption(
      choiceOption('--format <NAME>', 'what the files are, if not what they look like', [
        ...TRACE_FORMATS,
      ]),
    )
    .addOption(textOption('--source <HOST>', 'judge traces from this source alone'))
    .addOption(textOption('--target <HOST>', 'judge traces to this target alone'))
    .addOption(
      choiceOption('--protocol <NAME>', 'judge traces by this protocol alone', [
        'tcp',
        'udp',
        'icmp',
      ]),
    )
    .addOption(
      new Option('--paths', 'print the path of each flow in a result of tracelb').conflicts([
        'json',
        'jsonl',
        'format',
        'source',
        'target',
        'protocol',
      ]),
    );
  for (const option of [...reportOptions(), ...pictureOptions()]) command.addOption(option);
  return command
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], flags: Flags) => {
      process.exitCode = flags.paths === true ? await paths(files) : await analyze(files, flags);
    });
}

interface Flags extends ReportFlags {
  readonly paths?: true;
  readonly format?: TraceFormat;
  readonly source?: string;
  readonly target?: string;
  readonly protocol?: IsolateProtocol;
}

function textOption(flags: string, description: string): Option {
  return new ValueOption(flags, description, TEXT);
}

async function paths(files: readonly string[]): Promise<number> {
  const [file = '', ...others] = files;
  if (others.length > 0) throw new CliError('USAGE', '--paths takes one file');
  const { analyzePaths } = await import('../paths/analyze-paths.ts');
  return analyzePaths(file, (text) => process.stdout.write(text));
}

async function analyze(files: readonly string[], flags: Flags): Promise<number> {
  const { readTraceInput } = await import('../../runtime/analyze/trace-input.ts');
  const { isRecording } = await import('../../runtime/analyze/trace-formats.ts');
  const twice = files.find((file, i) => files.indexOf(file) !== i);
  if (twice !== undefined) throw new CliError('USAGE', `${twice} is named twice`);
  const systems = await openSystems(flags);
  const inputs: TraceInput[] = [];
  for (const file of files) inputs.push(await readTraceInput(file));
  const recordings = inputs.filter(
    (input) => flags.format === 'recording' || (flags.format === undefined && isRecording(input)),
  );
  const [recording] = recordings;
  if (recording !== undefined) requireAlone(inputs, recording, flags);
  const { openReport } = await import('./isolate-report.ts');
  const report = await openReport(flags, openOutputs(flags));
  const { record, facts } =
    recording === undefined
      ? await judged(inputs, flags, report)
      : await replayed(recording, report);
  const origins = (await systems?.originsOf(addressesOf(record))) ?? facts.origins;
  const failures = await report.finish(withFacts(record, { ...facts, origins }));
  return statusWithFiles(exitStatusOf(record), failures);
}

/** A recording is one run, from its options to its verdict: it cannot be joined or narrowed. */
function requireAlone(inputs: readonly TraceInput[], { name }: TraceInput, flags: Flags): void {
  const chosen = (['source', 'target', 'protocol'] as const).find(
    (flag) => flags[flag] !== undefined,
  );
  if (inputs.length === 1 && chosen === undefined) return;
  const why =
    chosen === undefined ? 'no other file can be joined to it' : `--${chosen} is of no use`;
  const message = `${name} is a recording of one run, and is replayed as it was: ${why}`;
  throw new CliError('USAGE', message);
}

interface Told {
  readonly record: IsolateRecord;
  readonly facts: AddressFacts;
}

async function replayed(input: TraceInput, report: IsolateReport): Promise<Told> {
  const { parseRecording } = await import('../../runtime/isolate/recording-file.ts');
  const { replay } = await import('../../runtime/isolate/replay.ts');
  const recording = parseRecording(input.bytes, input.name);
  const record = await replay(recording, report);
  const { names, origins } = recording.end;
  return {
    record,
    facts: { names: new Map(Object.entries(names)), origins: new Map(Object.entries(origins)) },
  };
}

async function judged(
  inputs: readonly TraceInput[],
  { format, ...choice }: Flags,
  report: IsolateReport,
): Promise<Told> {
  const { tracesIn } = await import('../../runtime/analyze/trace-formats.ts');
  const { chooseTraces } = await import('../../runtime/analyze/choose-traces.ts');
  const { judgeTraces } = await import('../../runtime/analyze/judge-traces.ts');
  const forced = format === 'recording' ? undefined : format;
  const seen = inputs.map((input) => tracesIn(input, forced));
  const { source, target, protocol } = choice;
  const chosen = chooseTraces(
    seen.map(({ file }) => file),
    { source, target, protocol },
  );
  const record = judgeTraces(chosen, {
    formats: [...new Set(seen.map((each) => each.format))],
    files: inputs.map(({ name }) => name),
    traces: chosen.traces.length,
  });
  report.startRead(record);
  const named = record.hops.flatMap(({ interfaces }) =>
    interfaces.flatMap(({ address, name }) => (name === null ? [] : [[address, name] as const])),
  );
  return { record, facts: { names: new Map(named), origins: new Map() } };
}
