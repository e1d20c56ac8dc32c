/** `fantrace diff`: two recorded sets of paths, compared as sets and with significance. */

import { Command, Option } from 'commander';
import type { DiffRecord } from '../../model/diff-record.ts';
import { CliError } from '../cli-error.ts';
import { durationOption, probabilityOption } from '../flag-values.ts';

const EXIT_BY_VERDICT: Readonly<Record<DiffRecord['verdict'], number>> = {
  same: 0,
  different: 2,
  unsure: 3,
};
const FALSE_ALARMS = 0.05;
const SLOWER_BY_MS = 1;

const EXAMPLES = `
Exit status:
  0  the same set of paths, and nothing slower
  2  they differ
  3  not sure: what one has and the other has not, it may have missed
  1  could not compare

Examples:
  fantrace diff monday.json tuesday.json
  sudo fantrace paths --json example.net | fantrace diff before.json -
  fantrace diff --json before.json tracelb-of-scamper.jsonl`;

interface DiffFlags {
  readonly falseAlarms: number;
  readonly slowerBy?: number;
  readonly json?: true;
}

/** The command, for the program to add. */
export function diffCommand(): Command {
  return new Command('diff')
    .summary('compare two recorded sets of paths')
    .description(
      'Compares what paths --json wrote to A with what it wrote to B later: links added, removed ' +
        'or with another share of flows, and places that answer slower. The same set of paths is ' +
        'no change, whichever flow takes which. A and B may also be tracelbs of scamper -O json.',
    )
    .argument('<A>', 'the earlier measurement; - for the standard input')
    .argument('<B>', 'the later one')
    .addOption(
      probabilityOption(
        '--false-alarms <P>',
        'probability of naming any difference where there is none',
        FALSE_ALARMS,
      ),
    )
    .addOption(
      durationOption('--slower-by <DURATION>', 'median that is told as slower (default: 1ms)', {
        minUs: 0,
        maxUs: 3_600_000_000,
      }),
    )
    .addOption(new Option('--json', 'write one JSON document, schema fantrace.diff/1'))
    .addHelpText('after', EXAMPLES)
    .action(async (a: string, b: string, flags: DiffFlags) => {
      process.exitCode = await showDiff(a, b, flags);
    });
}

async function showDiff(a: string, b: string, flags: DiffFlags): Promise<number> {
  if (a === '-' && b === '-') {
    throw new CliError('USAGE', 'A and B cannot both be the standard input');
  }
  const [{ readPathSet }, { diffRecordOf }] = await Promise.all([
    import('../../runtime/paths/path-set-file.ts'),
    import('../../runtime/paths/diff-record.ts'),
  ]);
  const { falseAlarms, slowerBy } = flags;
  const slowerByMs = slowerBy === undefined ? SLOWER_BY_MS : slowerBy / 1000;
  const record = diffRecordOf(readPathSet(a), readPathSet(b), { falseAlarms, slowerByMs });
  const { stdout } = process;
  if (flags.json) {
    stdout.write(`${JSON.stringify(record)}\n`);
  } else {
    const [{ formatDiffText }, { outputWidth, paintFor }] = await Promise.all([
      import('../../report/paths/diff-text.ts'),
      import('../terminal.ts'),
    ]);
    const paint = await paintFor(stdout, process.env);
    stdout.write(formatDiffText(record, { width: outputWidth(stdout), paint }));
  }
  return EXIT_BY_VERDICT[record.verdict];
}
