/** From the flags of `fantrace sweep` to a sweep that is ready to run, with its files open. */

import { counted } from '../../lib/counted.ts';
import type { OpenSweep, SweepQuestion } from '../../runtime/sweep/open-sweep.ts';
import type { SweepOutput } from '../../runtime/sweep/sweep-encoders.ts';
import type { SweepProgress } from '../../runtime/sweep/sweep-listener.ts';
import type { SweepOptions } from '../../runtime/sweep/sweep-options.ts';
import { readSource } from '../endpoints.ts';
import type { SweepFlags } from './sweep-flags.ts';

/** Ready to run, or with --dry-run all that there is to say. */
export type PreparedSweep =
  | { readonly kind: 'plan'; readonly text: string }
  | ({ readonly kind: 'run' } & OpenSweep);

export interface SweepSurroundings {
  readonly signal: AbortSignal;
  /** Shows how it goes on. */
  readonly tell: (text: string) => void;
  /** Takes what the user ought to know before anything is sent. */
  readonly warn: (text: string) => void;
}

/**
 * Reads targets and checkpoint, opens network and output.
 *
 * @throws {RangeError} naming an option of the library, for flags that exclude each other
 * @throws {SweepTargetsError} as do checkpoints, sockets and outputs, for what else is in the way
 */
export async function openSweepRun(
  from: string,
  flags: SweepFlags,
  { signal, tell, warn }: SweepSurroundings,
): Promise<PreparedSweep> {
  const { openSweep, readSweep } = await import('../../runtime/sweep/open-sweep.ts');
  const question = await readSweep(from, optionsOf(flags));
  if (flags.dryRun) return { kind: 'plan', text: planText(question, flags.json === true) };
  if (flags.source !== undefined) await requireSource(flags.source, question);
  const output = flags.jsonl ? await stdoutOutput() : undefined;
  const sweep = await openSweep(question, {
    signal,
    output,
    progressed: async (progress) => {
      tell(progressText(progress));
      await output?.settle(); // lines are shown as they come
    },
    withSockets: (openFiles) => openedWithoutRoot(flags, openFiles, warn),
  });
  return { kind: 'run', run: () => sweep.run(), close: () => sweep.close() };
}

/** As the library has them; presets are its own. */
function optionsOf(flags: SweepFlags): SweepOptions {
  const {
    ipv4,
    ipv6,
    timeout,
    send,
    receive,
    shard,
    dryRun: _,
    json: __,
    jsonl: ___,
    ...same
  } = flags;
  return {
    ...same,
    ...(timeout === undefined ? {} : { timeoutMs: timeout / 1000 }),
    ...(send === 'packet' ? { send } : {}),
    ...(receive === 'ring' ? { receive } : {}),
    ...(shard === undefined ? {} : { shard: { index: shard.index + 1, of: shard.of } }),
    ...(ipv4 ? { family: 4 } : ipv6 ? { family: 6 } : {}),
  };
}

/** @throws {CliError} as other commands do, where the library's error names its option */
async function requireSource(source: string, { targets: { set } }: SweepQuestion): Promise<void> {
  const first = new Uint8Array(set.family === 4 ? 4 : 16);
  set.writeAddress(0, first, 0);
  await readSource(source, first);
}

/** Sockets are open. What sudo is for is over before its user's files are made. */
async function openedWithoutRoot<Files>(
  flags: SweepFlags,
  openFiles: () => Promise<Files>,
  warn: SweepSurroundings['warn'],
): Promise<Files> {
  const { dropPrivileges, isInvokedByUser } = await import('../../runtime/host/privileges.ts');
  const isFolder = flags.output?.endsWith('.parquet') === true;
  const rights = {
    hasSockets: flags.simulate === undefined,
    makesFiles: flags.checkpoint !== undefined || isFolder,
  };
  const early = isInvokedByUser() ? dropPrivileges(rights) : undefined;
  const files = await openFiles();
  const note = early ?? dropPrivileges(rights);
  if (note !== undefined) warn(note);
  return files;
}

/** Standard output, as slowly as its reader takes it. */
async function stdoutOutput(): Promise<SweepOutput> {
  const { encoderTo } = await import('../../runtime/sweep/sweep-encoders.ts');
  return encoderTo('jsonl', {
    length: 0, // nobody goes on there
    write: async (chunk) => {
      if (process.stdout.write(chunk)) return;
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    },
    close: () => Promise.resolve(),
  });
}

function progressText(progress: SweepProgress): string {
  const { share, elapsedUs, probesSent, probesSentBefore, repliesReceived, interfaces } = progress;
  const seconds = elapsedUs / 1e6;
  const sent = probesSent - probesSentBefore;
  const rate = seconds > 0 ? Math.round(sent / seconds) : 0;
  const done = share - progress.shareBefore;
  const left = done > 0 ? `, ${duration((seconds / done) * (1 - share))} left` : '';
  const percent = Math.floor(100 * share);
  const found = `${repliesReceived} replies  ${interfaces} interfaces`;
  return `${percent} %  ${rate} probes/s  ${found}${left}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${Math.ceil(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** What would be sent, and how long it would take at most. */
function planText(
  { settings, targets: { set, excluded } }: SweepQuestion,
  asJson: boolean,
): string {
  const { shard, minTtl, maxTtl, flows, rates, strategy, seed } = settings;
  const targets = Math.ceil((set.size - shard.index) / shard.of);
  const probesMax = Math.min(settings.maxProbes, targets * (maxTtl - minTtl + 1) * flows);
  const secondsMax = Math.ceil(probesMax / rates.total);
  const plan = {
    schema: 'fantrace.sweep-plan/1',
    targets,
    excluded,
    family: set.family,
    strategy,
    flows,
    minTtl,
    maxTtl,
    rate: rates.total,
    seed,
    probesMax,
    secondsMax,
  };
  if (asJson) return `${JSON.stringify(plan)}\n`;
  return (
    `Would send at most ${counted(probesMax, 'probe')} to ${counted(targets, 'target')} ` +
    `(${excluded} excluded), ` +
    `at ${rates.total} a second in ${duration(secondsMax)} at most.\n` +
    `Strategy ${strategy}, TTL ${minTtl} to ${maxTtl}, flows a target: ${flows}, seed ${seed}. ` +
    'Nothing was sent.\n'
  );
}
