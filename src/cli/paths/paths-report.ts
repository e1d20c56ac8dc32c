/** Writes what a multipath search found, in the form that was asked for, and its drawings. */

import type { PathsRecord } from '../../model/paths-record.ts';
import type { FinishedPaths, PathsEvent } from '../../runtime/paths/paths.ts';
import type { OutputFile } from '../output-files.ts';
import type { PathsFlags } from './paths-flags.ts';

/** A report that is ready to be written, whatever rights are given up meanwhile. */
export interface PathsReport {
  readonly event: (event: PathsEvent) => void;
  /** Writes all. @returns what could not be written, a sentence each */
  finish(finished: FinishedPaths): string[];
}

/** Loads what the report takes. */
export async function openPathsReport(
  flags: PathsFlags,
  outputs: ReadonlyMap<string, OutputFile>,
): Promise<PathsReport> {
  const format = await formatFor(flags);
  const drawings =
    outputs.size === 0 ? undefined : await import('../../report/paths/paths-drawings.ts');
  const draw = (record: PathsRecord): string[] => [
    ...(outputs.get('--svg')?.replace(drawings?.formatPathsSvg(record) ?? '') ?? []),
    ...(outputs.get('--dot')?.replace(drawings?.formatPathsDot(record) ?? '') ?? []),
  ];
  return {
    event: (event) => {
      if (flags.jsonl && event.type === 'reply') writeLine(event);
    },
    finish: (finished) => {
      process.stdout.write(format(finished));
      return draw(finished.record);
    },
  };
}

function writeLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function formatFor(flags: PathsFlags): Promise<(finished: FinishedPaths) => string> {
  if (flags.json) return ({ record }) => `${JSON.stringify(record)}\n`;
  if (flags.jsonl) return ({ record }) => `${JSON.stringify({ type: 'end', ...record })}\n`;
  if (flags.format === 'scamper') {
    const { formatScamperPaths } = await import('../../report/paths/paths-scamper.ts');
    return ({ record, replies }) => formatScamperPaths(record, replies);
  }
  if (flags.format === 'atlas') {
    const { formatAtlasPaths } = await import('../../report/paths/paths-atlas.ts');
    return ({ record, replies }) => formatAtlasPaths(record, replies);
  }
  const [{ formatPathsText }, { outputWidth, paintFor }] = await Promise.all([
    import('../../report/paths/paths-text.ts'),
    import('../terminal.ts'),
  ]);
  const { stdout } = process;
  const paint = await paintFor(stdout, process.env);
  return ({ record }) => formatPathsText(record, { width: outputWidth(stdout), paint });
}
