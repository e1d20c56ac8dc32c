/**
 * How far the round trips that a trace reports are from those that tcpdump sees at the same device,
 * with the event loop idle and busy. Needs root.
 * Usage: node bench/run.mjs trace-rtt [RUNS]
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isReply, type TraceRecord } from '../src/model/trace-record.ts';
import { SOURCE } from '../src/sim/topology.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { build } from '../tools/build.mjs';
import { capturedProbes } from './trace-lab/captured-times.ts';

const TRACED = fileURLToPath(new URL('../test/lab/fixtures/traced.mjs', import.meta.url));
const CHAIN = { fabric: { widths: [1, 1, 1] } };
const CAPTURE_TIMEOUT_MS = 5000;
const OPTIONS = { names: false, queries: 50, maxTtl: 4, rate: 5000 };
const EXACT = '1 us, 99th percentile 5 us';
const GOALS = { estimated: '15 us', kernel: EXACT, ring: EXACT } as const;
const CASES = (['estimated', 'kernel', 'ring'] as const).flatMap((timestamps) =>
  (['idle', 'busy'] as const).map((load) => ({ timestamps, load })),
);

/** Prints a line for each case. */
export async function main([runs = '5']: readonly string[]): Promise<number> {
  if (!build({ ifNeeded: true })) return 1;
  const { lab } = await labFor(CHAIN, { family: 4 });
  try {
    for (const { timestamps, load } of CASES) {
      const errors: number[] = [];
      for (let run = 0; run < Number(runs); run++) {
        errors.push(...(await errorsOfRun(lab, timestamps, load)));
      }
      const bias = [...errors].sort((a, b) => a - b)[Math.floor(errors.length / 2)] ?? 0;
      const sizes = errors.map(Math.abs).sort((a, b) => a - b);
      const [median, p90, p99, most] = [0.5, 0.9, 0.99, 1].map((share) =>
        (sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))] ?? 0).toFixed(1),
      );
      console.log(
        `--timestamps ${timestamps}, event loop ${load}: error in us of ${sizes.length} round ` +
          `trips: median ${median} (${bias.toFixed(1)} with its sign), p90 ${p90}, p99 ${p99}, most ${most} ` +
          `(goal: median ${GOALS[timestamps]})`,
      );
    }
  } finally {
    await lab.close();
  }
  return 0;
}

/**
 * Waits for a capture to be written. It comes in blocks: to be woken for each packet would keep
 * that packet from leaving for longer than what is measured.
 */
async function captureOf(file: string, replies: number): Promise<void> {
  const until = performance.now() + CAPTURE_TIMEOUT_MS;
  const answered = (): number =>
    capturedProbes(file).filter(({ rttUs }) => rttUs !== undefined).length;
  while (performance.now() < until && answered() < replies) await setTimeout(50);
}

/** Microseconds, reported − captured, of each answered probe. */
async function errorsOfRun(
  lab: NamespaceLab,
  timestamps: keyof typeof GOALS,
  load: string,
): Promise<number[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-rtt-'));
  const file = path.join(folder, 'capture.pcap');
  try {
    const device = `to-${lab.plan.links.find(({ near }) => near === SOURCE)?.far}`;
    const precision = ['--time-stamp-precision=nano', '-s', '200', '-B', '8192'];
    const flags = ['-i', device, '-n', '-U', '-Z', 'root', ...precision];
    const sniffer = lab.spawn(SOURCE, ['tcpdump', ...flags, '-w', file, 'udp or icmp']);
    await once(sniffer.stderr, 'data'); // it is listening
    const target = lab.plan.target.address[4];
    const options = JSON.stringify({ ...OPTIONS, timestamps });
    const argv = [process.execPath, TRACED, target, options, '1', load];
    const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: 60_000 });
    if (stdout === '') throw new Error(stderr);
    const [record] = JSON.parse(stdout) as [TraceRecord];
    await captureOf(file, record.measurement.repliesReceived);
    const ended = once(sniffer, 'close');
    sniffer.kill('SIGINT');
    await ended;
    return differences(record, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The nth probe of a TTL in the record is the nth of that TTL that left. */
function differences({ hops }: TraceRecord, file: string): number[] {
  const captured = capturedProbes(file);
  return hops.flatMap(({ ttl, replies }) => {
    const sent = captured.filter((probe) => probe.ttl === ttl);
    return replies.flatMap((reply, n) => {
      const rttUs = sent[n]?.rttUs;
      return isReply(reply) && rttUs !== undefined ? [1000 * reply.rttMs - rttUs] : [];
    });
  });
}
