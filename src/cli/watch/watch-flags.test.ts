import { Command } from 'commander';
import { expect, test } from 'vitest';
import { requireHeeded, type WatchFlags, watchFlags } from './watch-flags.ts';

function flagsOf(...args: readonly string[]): WatchFlags {
  const command = new Command('watch');
  for (const option of watchFlags()) command.addOption(option);
  return command.parse(args, { from: 'user' }).opts();
}

test.each([
  [['--tracer', 'scamper', '--rate', '50'], '--rate means nothing to scamper'],
  [['--tracer', 'paris', '--method', 'udp'], '--method means nothing to paris'],
  [
    ['--tracer', 'scamper-daemon,scamper', '--rate-per-interface', '9'],
    '--rate-per-interface means nothing to scamper-daemon and scamper',
  ],
])('%j is refused: no flag goes unheeded', (args, message) => {
  expect(() => requireHeeded(flagsOf(...args))).toThrow(message);
});

test.each([
  [[]],
  [['--rate', '50']],
  [['--tracer', 'scamper-daemon', '--rate', '50']],
  [['--tracer', 'scamper,native', '--method', 'udp', '--rate-per-interface', '9']],
  [['--tracer', 'paris']],
])('%j is fine', (args) => {
  expect(() => requireHeeded(flagsOf(...args))).not.toThrow();
});
