/** `fantrace doctor`: what this machine permits, and what can be proved with that. */

import { Command } from 'commander';
import type { Diagnosis, FamilyAbilities } from '../runtime/doctor.ts';

const SCHEMA = 'fantrace.doctor/1';
const EXIT_ABLE = 0;
const EXIT_UNABLE = 2;

const EXAMPLES = `
Exit status:
  0  isolate can measure here
  2  it cannot, and the output says what is missing
  1  the machine could not be examined`;

const ABILITIES: readonly (readonly [keyof FamilyAbilities, string])[] = [
  ['route', 'route to the internet'],
  ['rawSockets', 'raw sockets'],
  ['filter', 'filter in the kernel'],
  ['timestamps', 'kernel timestamps'],
  ['errorQueue', 'ICMP errors without rights'],
  ['pingSockets', 'ping sockets'],
];

/** The command, for the program to add. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('tell what this machine permits, and what that can prove')
    .description(
      'Tries out what this machine permits, without sending anything, and tells which ' +
        'measurements are possible, what they prove, and how to get the right to more.',
    )
    .option('--json', `write one JSON document, schema ${SCHEMA}`)
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: true }) => {
      process.exitCode = await tell({ isJson: json === true });
    });
}

async function tell({ isJson }: { isJson: boolean }): Promise<number> {
  const { diagnose } = await import('../runtime/doctor.ts');
  const { grantAdvice } = await import('../runtime/host/raw-socket-advice.ts');
  const diagnosis = await diagnose();
  const isAble = diagnosis.families.some(({ rawSockets }) => rawSockets.works);
  const summary = isAble
    ? 'fantrace isolate can measure here.'
    : 'fantrace isolate cannot measure here: raw sockets are denied. ' +
      'It can simulate, and analyze recordings.';
  const advice = isAble ? '' : grantAdvice(process);
  if (isJson) {
    const document = { schema: SCHEMA, summary, isAble, ...diagnosis, advice };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else {
    const body = [summary, '', ...lines(diagnosis), ...(advice === '' ? [] : ['', advice])];
    process.stdout.write(`${body.join('\n')}\n`);
  }
  return isAble ? EXIT_ABLE : EXIT_UNABLE;
}

function lines({ platform, families, facts, rungs }: Diagnosis): string[] {
  const told = ABILITIES.map(([key, name]) => {
    const cells = families.map((each) => {
      const ability = each[key];
      return typeof ability === 'object' && ability.works ? 'yes' : 'no';
    });
    return `  ${name.padEnd(28)}${cells.map((cell) => cell.padEnd(8)).join('')}`.trimEnd();
  });
  const reasons = families.flatMap((each) =>
    ABILITIES.flatMap(([key, name]) => {
      const ability = each[key];
      const why = typeof ability === 'object' ? ability.why : '';
      return why === '' ? [] : [`  IPv${each.family} ${name}: ${why}`];
    }),
  );
  return [
    `${'Sockets'.padEnd(30)}IPv4    IPv6`,
    ...told,
    ...reasons,
    '',
    'Ways to measure, strongest first',
    ...rungs.flatMap(({ name, works, proves, commands }) => [
      `  ${works ? 'yes' : 'no '} ${name}${commands.length > 0 ? ` (${commands.join(', ')})` : ''}`,
      `      ${proves}`,
    ]),
    '',
    'Host',
    `  ${platform}`,
    ...facts.map(({ name, value, warning }) =>
      warning === '' ? `  ${name}: ${value}` : `  ${name}: ${value} – ${warning}`,
    ),
  ];
}
