/** `fantrace analyze`: the verdict of a recorded run, from the very packets that it saw. */

import { Command, Option } from 'commander';
import { addressesOf, withFacts } from '../../runtime/names/address-facts.ts';
import { openOutputs, statusWithFiles } from '../output-files.ts';
import { exitStatusOf, openSystems } from './isolate.ts';
import { pictureOptions, type ReportFlags, reportOptions } from './isolate-flags.ts';

const EXAMPLES = `
Exit status: that of the recorded run, or 1 when the file cannot be replayed.

Examples:
  sudo fantrace isolate db7.example.net --record db7.jsonl.gz
  fantrace analyze db7.jsonl.gz
  fantrace analyze db7.jsonl.gz --json
  fantrace analyze --paths 20211001T002556Z_ndt_1632518393_0000000000051A0C.jsonl`;

/** The command, for the program to add. */
export function analyzeCommand(): Command {
  const command = new Command('analyze')
    .summary('tell the verdict of a recorded run once more')
    .description(
      'Replays what isolate --record wrote to FILE, and tells the same verdict, byte for byte. ' +
        'Sends nothing and needs no rights.',
    )
    .argument('<FILE>', 'a recording, or with --paths a result of fantrace watch or scamper')
    .addOption(
      new Option('--paths', 'print the path of each flow in a result of tracelb').conflicts([
        'json',
        'jsonl',
      ]),
    );
  for (const option of [...reportOptions(), ...pictureOptions()]) command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(async (file: string, flags: Flags) => {
    process.exitCode = flags.paths === true ? await paths(file) : await analyze(file, flags);
  });
}

interface Flags extends ReportFlags {
  readonly paths?: true;
}

async function paths(file: string): Promise<number> {
  const { analyzePaths } = await import('../paths/analyze-paths.ts');
  return analyzePaths(file, (text) => process.stdout.write(text));
}

async function analyze(file: string, flags: ReportFlags): Promise<number> {
  const { readRecording } = await import('../../runtime/isolate/recording-file.ts');
  const { replay } = await import('../../runtime/isolate/replay.ts');
  const { openReport } = await import('./isolate-report.ts');
  const recording = readRecording(file);
  const systems = await openSystems(flags);
  const report = await openReport(flags, openOutputs(flags));
  const record = await replay(recording, report);
  const { names, origins } = recording.end;
  const facts = {
    names: new Map(Object.entries(names)),
    origins: (await systems?.originsOf(addressesOf(record))) ?? new Map(Object.entries(origins)),
  };
  const failures = await report.finish(withFacts(record, facts));
  return statusWithFiles(exitStatusOf(record), failures);
}
