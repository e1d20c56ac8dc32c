/** `fantrace analyze --paths`: the path of each flow in a result of scamper's tracelb. */

import { readFileSync } from 'node:fs';
import { counted } from '../../lib/counted.ts';
import { printable } from '../../lib/printable.ts';
import { reasonOf } from '../../lib/reason.ts';
import {
  parseScamperFile,
  parseScamperLines,
  ScamperFileError,
} from '../../watch/scamper/scamper-file.ts';
import type { TracelbLine } from '../../watch/scamper/scamper-shapes.ts';
import { type PathStep, type SinglePath, singlePaths } from '../../watch/scamper/single-paths.ts';
import { CliError } from '../cli-error.ts';

const EXIT_NOT_REACHED = 2;

/**
 * Prints the paths that reach the target, or all where none does.
 *
 * @returns the exit status
 * @throws {CliError} for a file that cannot be read or is none of tracelb's
 */
export function analyzePaths(file: string, write: (text: string) => void): number {
  const result = tracelbIn(file);
  const paths = singlePaths(result);
  const reaching = paths.filter(({ reachesTarget }) => reachesTarget);
  const target = printable(result.dst);
  if (reaching.length === 0) {
    write(
      `None of ${counted(paths.length, 'flow')} reaches ${target}.\n${paths.map(textOf).join('')}`,
    );
    return EXIT_NOT_REACHED;
  }
  const verb = reaching.length === 1 ? 'reaches' : 'reach';
  write(`${reaching.length} of ${counted(paths.length, 'flow')} ${verb} ${target}.\n`);
  write(reaching.map(textOf).join(''));
  return 0;
}

function textOf({ flowId, steps }: SinglePath): string {
  const head = `\nFlow ${flowId}\n${'TTL'.padStart(4)}  ${'RTT (ms)'.padStart(10)}  address\n`;
  return head + steps.map(lineOf).join('');
}

function lineOf({ ttl, rttMs, addresses }: PathStep): string {
  const rtt = rttMs === null ? '-' : rttMs.toFixed(3);
  const shown = addresses.length === 0 ? '*' : addresses.map(printable).join(' or ');
  return `${String(ttl).padStart(4)}  ${rtt.padStart(10)}  ${shown}\n`;
}

/** With the metadata line or without it. */
function tracelbIn(file: string): TracelbLine {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = reasonOf(error);
    throw new CliError('FILE_UNREADABLE', reason);
  }
  try {
    const isWhole = text.split('\n').length > 4;
    const parsed = isWhole ? parseScamperFile(text, 'tracelb') : parseScamperLines(text, 'tracelb');
    if (parsed.kind === 'tracelb') return parsed.result;
  } catch (error) {
    if (!(error instanceof ScamperFileError)) throw error;
    const hint = '--paths reads what scamper, fantrace watch or paths --format scamper wrote';
    throw new CliError('FILE_UNREADABLE', `${file}: ${error.message}`, hint);
  }
  throw new TypeError('a file of tracelb has a tracelb line');
}
