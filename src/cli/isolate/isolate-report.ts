/** Tells a run of `isolate`, live or replayed, in the form that was asked for. */

import { familyOf } from '../../lib/ip-address.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import type { IsolateRound } from '../../runtime/isolate/isolate.ts';
import type { IsolateOptions } from '../../runtime/isolate/isolate-run.ts';
import type { Network } from '../../runtime/links/network.ts';
import type { OutputFile } from '../output-files.ts';
import type { ReportFlags } from './isolate-flags.ts';

/** Hears of a run from its start to its record. */
export interface IsolateReport {
  start(network: Network, options: IsolateOptions): void;
  /** In the place of `start`, for a record that was read from files of other programs. */
  startRead(record: IsolateRecord): void;
  round(round: IsolateRound): void;
  /** Writes the result and the files. @returns what could not be written, a sentence each */
  finish(record: IsolateRecord): Promise<string[]>;
}

/**
 * Loads all that reporting will need, as later this process may not be able to read its own code
 * any more: it may become a user who may not look into the folder where it is installed.
 */
export async function openReport(
  flags: ReportFlags,
  outputs: ReadonlyMap<string, OutputFile>,
): Promise<IsolateReport> {
  const pictures = await openPictures(outputs);
  const main = flags.jsonl
    ? await openLines()
    : flags.json
      ? openDocument()
      : await openText(flags);
  return {
    ...main,
    finish: async (record) => {
      const failures = pictures.flatMap(({ file, format }) => file.replace(format(record)));
      await main.finish(record);
      return failures;
    },
  };
}

interface Picture {
  readonly file: OutputFile;
  readonly format: (record: IsolateRecord) => string;
}

async function openPictures(outputs: ReadonlyMap<string, OutputFile>): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const [flag, load] of PICTURES) {
    const file = outputs.get(flag);
    if (file !== undefined) pictures.push({ file, format: await load() });
  }
  return pictures;
}

const PICTURES: readonly (readonly [string, () => Promise<Picture['format']>])[] = [
  ['--svg', async () => (await import('../../report/graph/svg-document.ts')).formatIsolateSvg],
  ['--dot', async () => (await import('../../report/graph/dot-document.ts')).formatIsolateDot],
  [
    '--html',
    async () => (await import('../../report/isolate/html/isolate-html.ts')).formatIsolateHtml,
  ],
];

function openDocument(): IsolateReport {
  return {
    start: () => {},
    startRead: () => {},
    round: () => {},
    finish: async (record) => {
      process.stdout.write(`${JSON.stringify(record)}\n`);
      return [];
    },
  };
}

async function openLines(): Promise<IsolateReport> {
  const { IsolateLines } = await import('../../report/isolate/isolate-lines.ts');
  const { formatIpAddress } = await import('../../lib/ip-address.ts');
  const { targetsOf, trafficClasses } = await import('../../runtime/isolate/probed-flows.ts');
  const { VERSION } = await import('../../runtime/version.ts');
  const lines = new IsolateLines((line) => process.stdout.write(line));
  return {
    start: (network, options) => {
      const { source, sourcePorts } = network;
      const { simulated, seed, minTtl, maxTtl, confidence, protocol = 'tcp' } = options;
      lines.start({
        version: VERSION,
        simulated,
        targets: targetsOf(network, options),
        source: formatIpAddress(source),
        protocol,
        classes: trafficClasses(options, familyOf(source)),
        family: source.length === 4 ? 4 : 6,
        seed,
        minTtl,
        maxTtl,
        confidence,
        sourcePorts,
      });
    },
    startRead: (record) => {
      const { version, simulated, targets, source, protocol, classes, family, seed } = record;
      const { minTtl, maxTtl, confidence, flows } = record;
      const about = { version, simulated, targets, source, protocol, classes, family, seed };
      const sourcePorts = [...new Set(flows.map(({ sourcePort }) => sourcePort))];
      lines.start({ ...about, minTtl, maxTtl, confidence, sourcePorts });
    },
    round: (round) =>
      lines.round({
        round: round.roundsOver,
        elapsedMs: Math.round(round.elapsedUs / 1000),
        probesSent: round.probesSent,
        repliesReceived: round.repliesReceived,
        flows: round.flows(),
      }),
    finish: async (record) => {
      lines.finish(record);
      return [];
    },
  };
}

async function openText({ show }: ReportFlags): Promise<IsolateReport> {
  const { formatIsolateText } = await import('../../report/isolate/isolate-text.ts');
  const { outputWidth, paintFor } = await import('../terminal.ts');
  const paint = await paintFor(process.stdout, process.env);
  return {
    start: () => {},
    startRead: () => {},
    round: () => {},
    finish: async (record) => {
      const width = outputWidth(process.stdout);
      process.stdout.write(formatIsolateText(record, { width, paint, show }));
      return [];
    },
  };
}
