/** `fantrace simulate`: describes a scenario, and checks it. */

import { Command, Option } from 'commander';
import { CliError } from './cli-error.ts';
import { numberOption } from './flag-values.ts';

interface SimulateFlags {
  readonly ipv4?: true;
  readonly ipv6?: true;
  readonly seed?: number;
  readonly schema?: true;
  readonly json?: true;
}

const SCHEMA = 'fantrace.scenario/1';
const SEED_MAX = 2 ** 32 - 1;

const EXAMPLES = `
Exit status:
  0  the scenario is valid
  1  it is not, or cannot be read

Examples:
  fantrace simulate
  fantrace simulate one-link-loses-20-percent
  fantrace simulate --seed 7 ./my-network.json
  fantrace isolate --simulate ./my-network.json`;

/** The command, for the program to add. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .summary('describe a simulated network, and check it')
    .description(
      'Describes SCENARIO, a shipped one by its name or a file: its graph, what is wrong in it, ' +
        'and what a measurement ought to find. A file that is no scenario is refused, with the ' +
        'wrong key named. Without SCENARIO lists those that ship, with what they show.',
    )
    .argument('[SCENARIO]', 'name of a shipped scenario, or a file; none: the list')
    .addOption(new Option('-4, --ipv4', 'IPv4').conflicts('ipv6'))
    .addOption(new Option('-6, --ipv6', 'IPv6').conflicts('ipv4'))
    .addOption(numberOption('--seed <N>', 'seed of hashes and losses', { min: 0, max: SEED_MAX }))
    .option('--schema', 'write the JSON Schema of scenario files instead')
    .option('--json', `write one JSON document, schema ${SCHEMA}`)
    .addHelpText('after', EXAMPLES)
    .action(describe);
}

async function describe(nameOrFile: string | undefined, flags: SimulateFlags): Promise<void> {
  if (flags.schema) {
    const { scenarioSchema } = await import('../sim/scenario.ts');
    process.stdout.write(`${JSON.stringify(scenarioSchema(), null, 2)}\n`);
    return;
  }
  if (nameOrFile === undefined) return list(flags);
  const { loadScenario } = await import('../runtime/scenario-files.ts');
  const { summarize } = await import('../sim/scenario-summary.ts');
  const { name, scenario } = loadScenario(nameOrFile);
  const overrides = {
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.ipv4 ? ({ family: 4 } as const) : flags.ipv6 ? ({ family: 6 } as const) : {}),
  };
  const described = { schema: SCHEMA, name, ...summarize(scenario, overrides) };
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(described)}\n`);
    return;
  }
  const { formatScenarioText } = await import('../report/scenario-text.ts');
  const { outputWidth, paintFor } = await import('./terminal.ts');
  const paint = await paintFor(process.stdout, process.env);
  process.stdout.write(
    formatScenarioText(described, { width: outputWidth(process.stdout), paint }),
  );
}

/** What ships, a line or two each. */
async function list({ json }: SimulateFlags): Promise<void> {
  if (json) {
    throw new CliError('USAGE', 'no scenario given', '`fantrace simulate` lists those that ship');
  }
  const { loadScenario, shippedScenarios } = await import('../runtime/scenario-files.ts');
  const { wrap } = await import('../report/wrap.ts');
  const { outputWidth, paintFor } = await import('./terminal.ts');
  const paint = await paintFor(process.stdout, process.env);
  const width = outputWidth(process.stdout);
  for (const name of shippedScenarios()) {
    const shows = wrap(loadScenario(name).scenario.shows, { width, indent: '  ', hanging: '  ' });
    process.stdout.write(`${[paint.strong(name), ...shows].join('\n')}\n`);
  }
}
