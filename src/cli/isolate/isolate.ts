/** `fantrace isolate`: names the link or router that drops packets on the way to a target. */

import type { Command } from 'commander';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import type { VerdictKind } from '../../model/verdict.ts';
import { SEED_MAX } from '../../runtime/isolate/isolate-limits.ts';
import type { IsolateOptions } from '../../runtime/isolate/isolate-run.ts';
import type { Network } from '../../runtime/links/network.ts';
import { type AddressFacts, addressesOf, withFacts } from '../../runtime/names/address-facts.ts';
import type { AsLookup } from '../../runtime/names/as-lookup.ts';
import { EXIT_INTERRUPTED, interruptible } from '../interruption.ts';
import { type OutputFile, openOutputs, statusWithFiles } from '../output-files.ts';
import {
  type IsolateFlags,
  isolateCommandLine,
  type ReportFlags,
  requireConsistent,
} from './isolate-flags.ts';
import type { IsolateReport } from './isolate-report.ts';
import { endpointsOf, openNetwork, optionsOf } from './isolate-target.ts';

const EXIT_FAILED = 1;
/** The exit status for each verdict of a run that came to its end. */
export const EXIT_BY_VERDICT: Readonly<Record<VerdictKind, number>> = {
  'no-loss': 0,
  'loss-located': 2,
  'loss-suspected': 2,
  'return-loss': 2,
  'target-loss': 2,
  'target-unreachable': 2,
  inconclusive: 3,
};

/** The command with its flags; running it sets the exit status of the process. */
export function isolateCommand(): Command {
  return isolateCommandLine(async (targets, flags) => {
    process.exitCode = await isolate(targets, flags);
  });
}

/** The status for a run that came to its end. */
export function exitStatusOf({ partial, verdict }: IsolateRecord): number {
  return partial ? EXIT_INTERRUPTED : EXIT_BY_VERDICT[verdict];
}

async function isolate(targets: readonly string[], flags: IsolateFlags): Promise<number> {
  requireConsistent(flags, 1); // before any name is looked up
  const seed = flags.seed ?? Math.floor(Math.random() * (SEED_MAX + 1));
  if (flags.dryRun) {
    const { showPlan } = await import('./isolate-plan.ts');
    const endpoints = await endpointsOf(targets, flags);
    requireConsistent(flags, endpoints.targetNames.length);
    return showPlan(endpoints, flags, seed);
  }
  return interruptible(async (signal) => {
    const endpoints = await endpointsOf(targets, flags);
    requireConsistent(flags, endpoints.targetNames.length);
    const options = await optionsOf(endpoints, flags, seed);
    const network = await openNetwork(endpoints, flags, seed);
    try {
      return await measure(network, options, { flags, signal });
    } finally {
      network.close();
    }
  });
}

/** Sockets are open; everything else that needs a right or a module comes before it is given up. */
async function measure(
  network: Network,
  options: IsolateOptions,
  { flags, signal }: { flags: IsolateFlags; signal: AbortSignal },
): Promise<number> {
  const systems = await openSystems(flags);
  const outputs = openOutputs(flags);
  const [{ runIsolate }, { openReport }, { ProgressLine }, { ptrNames }, { dropPrivileges }] =
    await Promise.all([
      import('../../runtime/isolate/isolate.ts'),
      import('./isolate-report.ts'),
      import('../progress-line.ts'),
      options.simulated === null
        ? import('../../runtime/names/ptr-names.ts')
        : { ptrNames: async () => new Map<string, string>() },
      import('../../runtime/host/privileges.ts'),
    ]);
  const report: IsolateReport = await openReport(flags, outputs);
  const recorder = await openRecorder(network, options, { outputs, signal });
  const note = dropPrivileges({ hasSockets: options.simulated === null });
  if (note !== undefined) process.stderr.write(`fantrace: ${note}\n`);
  const progress = new ProgressLine(process.stderr);
  // A reader of stdout that goes away ends this process at once: not as if nothing was wrong.
  process.exitCode = EXIT_FAILED;
  report.start(network, options);
  let record: IsolateRecord;
  try {
    record = await runIsolate(recorder?.network ?? network, options, {
      signal,
      progress: (shown) => progress.show(shown),
      round: (round) => report.round(round),
    });
  } finally {
    progress.clear();
  }
  const isAsked = flags.dns && !record.partial;
  const addresses = addressesOf(record);
  process.exitCode = exitStatusOf(record);
  const facts = {
    names: isAsked ? await ptrNames(addresses, signal) : new Map<string, string>(),
    origins: (await systems?.originsOf(addresses)) ?? new Map<string, AsOrigin>(),
  };
  const failures = [
    ...(await report.finish(withFacts(record, facts))),
    ...((await recorder?.finish(record, facts)) ?? []),
  ];
  return statusWithFiles(exitStatusOf(record), failures);
}

/**
 * The database that `--asn-db` names; undefined where it names none.
 *
 * @throws {HostError} AS_DATABASE_UNREADABLE
 */
export async function openSystems({ asnDb }: ReportFlags): Promise<AsLookup | undefined> {
  if (asnDb === undefined) return undefined;
  return (await import('../../runtime/names/as-sources.ts')).openAsLookup({ file: asnDb });
}

/** A network that writes down what it tells; undefined when nobody asked for it. */
async function openRecorder(
  network: Network,
  options: IsolateOptions,
  { outputs, signal }: { outputs: ReadonlyMap<string, OutputFile>; signal: AbortSignal },
) {
  const file = outputs.get('--record');
  if (file === undefined) return undefined;
  const { RecordingWriter } = await import('../../runtime/isolate/recording-file.ts');
  const { recordedNetwork, recordingStart } = await import('../../runtime/isolate/recording.ts');
  const writer = new RecordingWriter(file.fd, { isCompressed: file.path.endsWith('.gz') });
  writer.write(recordingStart(network, options));
  return {
    network: recordedNetwork(network, (event) => writer.write(event), signal),
    /** What could not be written, in a sentence. */
    finish: async (
      { startedAt, measurement }: IsolateRecord,
      { names, origins }: AddressFacts,
    ): Promise<string[]> => {
      const { loopDelayP99Ms, loopDelayMaxMs } = measurement;
      try {
        await writer.finish({
          type: 'end',
          startedAt,
          loopDelayP99Ms,
          loopDelayMaxMs,
          names: Object.fromEntries(names),
          origins: Object.fromEntries(origins),
        });
        return [];
      } catch (error) {
        return [file.failure(error)];
      }
    },
  };
}
