#!/usr/bin/env node
/**
 * The `traceroute-caller` command: takes the flags of M-Lab's, watches the connections of this host
 * the way `fantrace watch` does, and writes the files that M-Lab's pipeline reads.
 */

import { printable } from '../lib/printable.ts';
import {
  FlagMistake,
  readTracerouteCallerFlags,
  UsageWanted,
} from './ancestors/traceroute-caller-flags.ts';
import { reportError } from './cli-error.ts';

const EXIT_FAILED = 1;
/** That of Go's `flag` package. */
const EXIT_BAD_FLAG = 2;

async function main(argv: readonly string[]): Promise<number> {
  try {
    const flags = readTracerouteCallerFlags(argv, process.env);
    const { runTracerouteCaller } = await import('./ancestors/traceroute-caller-run.ts');
    const lost = await runTracerouteCaller(flags);
    return lost > 0 ? EXIT_FAILED : 0;
  } catch (error) {
    if (error instanceof UsageWanted) {
      const isMistake = error instanceof FlagMistake;
      const complaint = isMistake ? `${printable(error.message)}\n` : '';
      process.stderr.write(`${complaint}${error.usage}`);
      return isMistake ? EXIT_BAD_FLAG : 0;
    }
    const { stdout, stderr } = process;
    reportError(error, { form: 'text', stdout, stderr, program: 'traceroute-caller' });
    return EXIT_FAILED;
  }
}

process.stderr.on('error', () => {}); // nobody is left to be told
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
