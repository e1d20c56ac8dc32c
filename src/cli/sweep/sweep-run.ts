/** From the flags of `fantrace sweep` to a sweep that is ready to run, with its files open. */

import { counted } from '../../lib/counted.ts';
import type { SweepCheckpoint, SweepRecord, SweepStrategy } from '../../model/sweep-record.ts';
import type { SweepListener, SweepProgress, SweepSettings } from '../../runtime/sweep/sweep.ts';
import type * as Checkpoints from '../../runtime/sweep/sweep-checkpoint.ts';
import type { SweepNetwork } from '../../runtime/sweep/sweep-network.ts';
import type { SweepOutput } from '../../runtime/sweep/sweep-output.ts';
import type { SweepTargets } from '../../runtime/sweep/sweep-targets.ts';
import { CliError } from '../cli-error.ts';
import type { SweepFlags } from './sweep-flags.ts';

/** Ready to run, or with --dry-run all that there is to say. */
export type PreparedSweep =
  | { readonly kind: 'plan'; readonly text: string }
  | {
      readonly kind: 'run';
      run(): Promise<SweepRecord>;
      close(): Promise<void>;
    };

export interface SweepSurroundings {
  readonly signal: AbortSignal;
  /** Shows how it goes on. */
  readonly tell: (text: string) => void;
  /** Takes what the user ought to know before anything is sent. */
  readonly warn: (text: string) => void;
}

/** Of ICMP the checksum of flow 0: others follow, and none is 0 or 0xffff. */
const ICMP_CHECKSUM = 0x4000;
const PORTS = { udp: 33_434, tcp: 443, icmp: ICMP_CHECKSUM } as const;
const MULTIPATH_FLOWS = 64;
const TIMEOUT_US = 1_000_000;
/** By the clock of this host: files that are whole are kept longer than lines. */
const CHECKPOINT_MS = { lines: 2000, parts: 60_000 } as const;
const SOURCE_PORT_MAX = 65_535;

/**
 * Reads targets and checkpoint, opens network and output.
 *
 * @throws {CliError} USAGE for flags that exclude each other
 * @throws {SweepTargetsError} as do checkpoints and sockets, for what else is in the way
 */
export async function openSweepRun(
  from: string,
  flags: SweepFlags,
  surroundings: SweepSurroundings,
): Promise<PreparedSweep> {
  const { readSweepTargets } = await import('../../runtime/sweep/sweep-targets.ts');
  const targets = await readSweepTargets({
    from,
    excludeFiles: flags.excludeFile ?? [],
    exclude: flags.exclude ?? [],
    family: flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined,
    isSimulated: flags.simulate !== undefined,
  });
  const { checkpoint: file } = flags;
  const checkpoints = await import('../../runtime/sweep/sweep-checkpoint.ts');
  const resume = file === undefined ? undefined : checkpoints.readCheckpoint(file);
  const settings = settingsOf(flags, resume?.seed);
  if (flags.dryRun) return { kind: 'plan', text: planText(settings, targets, flags.json === true) };
  const { runSweep, sweepDigest } = await import('../../runtime/sweep/sweep.ts');
  if (resume !== undefined && file !== undefined) {
    const digest = sweepDigest({ settings, targets: targets.set });
    checkpoints.requireSameSweep(resume, digest, file);
  }
  const network = await openNetwork(flags, settings, targets);
  let output: SweepOutput | undefined;
  try {
    output = await openOutputWithoutRoot(flags, resume, surroundings.warn);
  } catch (error) {
    network.close();
    throw error;
  }
  const listener = listenerOf(flags, output, { ...surroundings, checkpoints });
  const { set, excluded } = targets;
  const { signal } = surroundings;
  const run = { settings, targets: set, excluded, network, listener, signal, resume };
  return {
    kind: 'run',
    run: async () => {
      const record = await runSweep(run);
      await output?.settle();
      return record;
    },
    close: async () => {
      network.close();
      await output?.close();
    },
  };
}

function settingsOf(flags: SweepFlags, resumedSeed: number | undefined): SweepSettings {
  const { minTtl, maxTtl, protocol, rate, perPrefix, perInterface } = flags;
  const strategy: SweepStrategy =
    flags.strategy ?? (flags.flows === undefined ? 'stop-set' : 'every-ttl');
  const flows = flags.flows ?? (strategy === 'multipath' ? MULTIPATH_FLOWS : 1);
  const seed = flags.seed ?? resumedSeed;
  requireSense(flags, { strategy, flows, seed });
  return {
    protocol,
    port: protocol === 'icmp' ? PORTS.icmp : (flags.port ?? PORTS[protocol]),
    strategy,
    flows,
    minTtl,
    maxTtl,
    splitTtl: flags.splitTtl,
    gapLimit: flags.gapLimit,
    failureProbability: 1 - flags.confidence,
    shard: flags.shard ?? { index: 0, of: 1 },
    seed: seed ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number),
    rates: { total: rate, perPrefix, perInterface },
    timeoutUs: flags.timeout ?? TIMEOUT_US,
    maxProbes: flags.maxProbes ?? Number.POSITIVE_INFINITY,
    isSimulated: flags.simulate !== undefined,
  };
}

/** @throws {CliError} USAGE for flags that do not go together */
function requireSense(
  { minTtl, maxTtl, sourcePort, shard }: SweepFlags,
  chosen: {
    readonly strategy: SweepStrategy;
    readonly flows: number;
    readonly seed: number | undefined;
  },
): void {
  const { strategy, flows, seed } = chosen;
  if (minTtl > maxTtl) {
    throw new CliError('USAGE', `--min-ttl: ${minTtl} is above --max-ttl ${maxTtl}`);
  }
  if (strategy === 'stop-set' && flows > 1) {
    const hint = 'use --strategy every-ttl or multipath';
    throw new CliError('USAGE', '--flows: stop-set has one flow a target', hint);
  }
  if (sourcePort + flows - 1 > SOURCE_PORT_MAX) {
    throw new CliError('USAGE', `--source-port: there are no ${flows} ports from ${sourcePort} on`);
  }
  if (shard !== undefined && seed === undefined) {
    throw new CliError('USAGE', '--shard needs --seed, the same for all shards');
  }
}

async function openNetwork(
  flags: SweepFlags,
  { protocol, flows, seed }: SweepSettings,
  { set }: SweepTargets,
): Promise<SweepNetwork> {
  const { openHostSweep, openSimulatedSweep, SIMULATED_INTERNET } = await import(
    '../../runtime/sweep/sweep-network.ts'
  );
  const { sourcePort, simulate } = flags;
  const options = { family: set.family, protocol, sourcePort, flows, seed };
  if (simulate === SIMULATED_INTERNET) return openSimulatedSweep(SIMULATED_INTERNET, options);
  if (simulate !== undefined) {
    const { loadScenario } = await import('../../runtime/scenario-files.ts');
    return openSimulatedSweep(loadScenario(simulate).scenario, options);
  }
  const first = new Uint8Array(set.family === 4 ? 4 : 16);
  set.writeAddress(0, first, 0);
  const { readSource } = await import('../endpoints.ts');
  const source = flags.source === undefined ? undefined : await readSource(flags.source, first);
  const sendsFrames = flags.send === 'packet';
  return openHostSweep(set, { ...options, source, device: flags.interface, sendsFrames });
}

/** Sockets are open. What sudo is for is over before its user's files are made. */
async function openOutputWithoutRoot(
  flags: SweepFlags,
  resume: SweepCheckpoint | undefined,
  warn: SweepSurroundings['warn'],
): Promise<SweepOutput | undefined> {
  const { dropPrivileges, isInvokedByUser } = await import('../../runtime/host/privileges.ts');
  const rights = {
    hasSockets: flags.simulate === undefined,
    makesFiles: flags.checkpoint !== undefined || isParts(flags),
  };
  const early = isInvokedByUser() ? dropPrivileges(rights) : undefined;
  const output = await openOutput(flags, resume);
  const note = early ?? dropPrivileges(rights);
  if (note !== undefined) warn(note);
  return output;
}

/** Whether replies go into a folder of files. */
function isParts({ output }: SweepFlags): boolean {
  return output?.endsWith('.parquet') === true;
}

async function openOutput(
  flags: SweepFlags,
  resume: SweepCheckpoint | undefined,
): Promise<SweepOutput | undefined> {
  const { LineOutput, openSweepOutput } = await import('../../runtime/sweep/sweep-output.ts');
  if (flags.jsonl) return new LineOutput(new StdoutTarget(), { isCompressed: false });
  if (flags.output === undefined) return undefined;
  try {
    return await openSweepOutput(flags.output, resume?.outputLength);
  } catch (error) {
    if (error instanceof RangeError) throw new CliError('USAGE', `--output: ${error.message}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('OUTPUT_UNWRITABLE', `--output: ${reason}`);
  }
}

/** Standard output, as slowly as its reader takes it. */
class StdoutTarget {
  length = 0;

  async write(chunk: Uint8Array): Promise<void> {
    this.length += chunk.length;
    if (process.stdout.write(chunk)) return;
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function listenerOf(
  flags: SweepFlags,
  output: SweepOutput | undefined,
  {
    tell,
    checkpoints,
  }: Pick<SweepSurroundings, 'tell'> & {
    readonly checkpoints: Pick<typeof Checkpoints, 'writeCheckpoint'>;
  },
): SweepListener {
  const { checkpoint: file } = flags;
  const everyMs = isParts(flags) ? CHECKPOINT_MS.parts : CHECKPOINT_MS.lines;
  let noteDueMs = performance.now() + everyMs;
  return {
    replied: (reply) => output?.add(reply),
    windowDone: async (checkpoint, isLast) => {
      if (file === undefined || (!isLast && performance.now() < noteDueMs)) return;
      await output?.settle();
      await checkpoints.writeCheckpoint(file, checkpoint());
      noteDueMs = performance.now() + everyMs;
    },
    progressed: async (progress) => {
      tell(progressText(progress));
      if (flags.jsonl) await output?.settle();
      else await output?.relieve();
    },
    outputLength: () => output?.length ?? 0,
  };
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
  settings: SweepSettings,
  { set, excluded }: SweepTargets,
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
