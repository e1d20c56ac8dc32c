/**
 * From what a caller asks to a sweep that is ready to run: targets and checkpoint read, sockets and
 * files open. The command and the library differ in what they hear of it.
 */

import type { SweepCheckpoint, SweepRecord } from '../../model/sweep-record.ts';
import { HostError } from '../host/host-error.ts';
import { runSweep } from './sweep.ts';
import {
  readCheckpoint,
  requireSameSweep,
  requireWritable,
  sweepDigest,
} from './sweep-checkpoint.ts';
import type { SweepOutput } from './sweep-encoders.ts';
import { SweepJournal } from './sweep-journal.ts';
import type { SweepListener } from './sweep-listener.ts';
import { openSweepNetwork, type SweepPlace } from './sweep-network.ts';
import {
  type CompleteSweepOptions,
  completeSweepOptions,
  type SweepOptions,
} from './sweep-options.ts';
import { openSweepOutput, outputKindOf } from './sweep-output.ts';
import type { SweepSettings } from './sweep-settings.ts';
import { readSweepTargets, type SweepTargets } from './sweep-targets.ts';

/** What is to be probed and how, and what an earlier run of it has done. */
export interface SweepQuestion {
  readonly options: SweepOptions;
  readonly complete: CompleteSweepOptions;
  readonly settings: SweepSettings;
  readonly targets: SweepTargets;
  readonly resume: SweepCheckpoint | undefined;
  /** What checkpoints belong to. */
  readonly digest: string;
}

/** How the caller takes part. */
export interface SweepParty extends Partial<Pick<SweepListener, 'progressed' | 'relief'>> {
  /** Undefined where replies are of no interest. */
  readonly replied?: SweepListener['replied'] | undefined;
  readonly signal: AbortSignal;
  /** Where replies go, in the place of the option `output`. */
  readonly output?: SweepOutput | undefined;
  /** Opens files once sockets are open; rights that only those needed may be given up here. */
  readonly withSockets?: <Files>(openFiles: () => Promise<Files>) => Promise<Files>;
}

/** Ready to run, once. */
export interface OpenSweep {
  /** @throws {HostError} SEND_REFUSED when the kernel took not a single probe */
  run(): Promise<SweepRecord>;
  close(): Promise<void>;
}

/**
 * Reads the targets, and the checkpoint where there is one.
 *
 * @throws {RangeError} naming an option out of range
 * @throws {SweepTargetsError} or {CheckpointError}, with a `code`
 */
export async function readSweep(
  from: string | readonly string[],
  options: SweepOptions,
): Promise<SweepQuestion> {
  const complete = completeSweepOptions(options);
  const targets = await readSweepTargets({
    from,
    excludeFiles: options.excludeFile ?? [],
    exclude: options.exclude ?? [],
    family: options.family,
    isSimulated: options.simulate !== undefined,
  });
  const { checkpoint: file } = options;
  const resume = file === undefined ? undefined : readCheckpoint(file);
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  const settings = { ...complete.settings, seed: complete.seed ?? resume?.seed ?? drawn };
  const outputKind = options.output === undefined ? undefined : outputKindOf(options.output);
  const digest = sweepDigest({
    settings,
    targets: targets.set,
    outputKind,
    senders: complete.senders,
  });
  if (resume !== undefined && file !== undefined) requireSameSweep(resume, digest, file);
  return { options, complete, settings, targets, resume, digest };
}

/**
 * Opens network and files.
 *
 * @throws {HostError} when a right, a route or free source ports are missing
 * @throws {SweepOutputError} or {CheckpointError} when they cannot be written
 */
export async function openSweep(question: SweepQuestion, party: SweepParty): Promise<OpenSweep> {
  if (question.complete.senders > 1) {
    const { openSenders } = await import('./sweep-senders.ts');
    return openSenders(question, party);
  }
  const { options, settings, targets, resume, digest } = question;
  const { signal, withSockets = (openFiles) => openFiles() } = party;
  const { set } = targets;
  const network = await openSweepNetwork(placeOf(question), { settings, targets: set });
  let output: SweepOutput | undefined;
  try {
    const { output: name, checkpoint } = options;
    output = await withSockets(async () => {
      if (checkpoint !== undefined) await requireWritable(checkpoint);
      return name === undefined ? party.output : openSweepOutput(name, resume?.outputLength);
    });
  } catch (error) {
    network.close();
    throw error;
  }
  const listener = listenerOf(options, output, party);
  const { excluded } = targets;
  return {
    run: async () => {
      const run = { settings, targets: set, excluded, network, listener, signal, resume, digest };
      const record = await runSweep(run);
      await output?.settle();
      requireSent(record);
      return record;
    },
    close: async () => {
      network.close();
      await output?.close();
    },
  };
}

/** Where to sweep. */
export function placeOf({ options, complete }: SweepQuestion): SweepPlace {
  const { simulate, source, interface: device } = options;
  const { sendsFrames, receivesByRing } = complete;
  return { simulate, source, device, sendsFrames, receivesByRing };
}

function listenerOf(
  options: SweepOptions,
  output: SweepOutput | undefined,
  party: SweepParty,
): SweepListener {
  const { output: outputName, checkpoint } = options;
  const journal = new SweepJournal({ output, outputName, checkpoint });
  return {
    replied: (reply) => {
      journal.replied(reply);
      party.replied?.(reply);
    },
    windowDone: journal.windowDone,
    progressed: async (progress) => party.progressed?.(progress),
    outputLength: () => journal.outputLength(),
    relief: () => journal.relief() ?? party.relief?.(),
  };
}

/** @throws {HostError} SEND_REFUSED when the kernel took not a single probe */
export function requireSent({ probesSent, measurement }: SweepRecord): void {
  if (probesSent > 0 || measurement.sendErrors === 0) return;
  const message = `nothing was sent: ${measurement.notes.join('; ')}`;
  throw new HostError(
    'SEND_REFUSED',
    `${message}\nlook at \`ip route get\` and at local firewalls`,
  );
}
