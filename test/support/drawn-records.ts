/** Small hand-made records for tests of what draws them. */

import type { FlowRecord, IsolateRecord } from '../../src/model/isolate-record.ts';
import type { Suspect } from '../../src/model/verdict.ts';

export const TARGET = '10.9.0.1';
export const NEAR = '10.0.2.2';
export const FAR = '10.0.3.3';

type Path = readonly (string | null)[];

/** Flows spread evenly over every path through layers of these widths, meshed in full. */
export function fabricPaths(
  flows: number,
  widths: readonly number[],
  nameOf: (ttl: number, index: number) => string = routerName,
  target: string = TARGET,
): Path[] {
  return Array.from({ length: flows }, (_, flow) => {
    let rest = flow;
    const path = widths.map((width, i) => {
      const chosen = rest % width;
      rest = Math.floor(rest / width);
      return nameOf(i + 1, chosen);
    });
    return [...path, target];
  });
}

export function routerName(ttl: number, index: number): string {
  return `10.0.${ttl}.${index + 1}`;
}

/** A run that probed nothing, with what a test changes. */
export function emptyRecord(changes: Partial<IsolateRecord>): IsolateRecord {
  return {
    schema: 'fantrace.isolate/1',
    version: '0.0.0',
    startedAt: '2026-01-02T03:04:05.678Z',
    durationMs: 1800,
    partial: false,
    simulated: null,
    targets: [{ name: 'db7.example.net', address: TARGET, port: 22 }],
    source: '10.0.0.2',
    protocol: 'tcp',
    classes: [{ tos: 0, packetBytes: 40 }],
    family: 4,
    seed: 7,
    minTtl: 1,
    maxTtl: 30,
    confidence: 0.95,
    stopReason: 'sure',
    probesNeeded: null,
    probesSent: 0,
    repliesReceived: 0,
    verdict: 'no-loss',
    excludedLossRatio: null,
    untestable: [],
    summary: 'The sentence.',
    suspects: [],
    rejected: [],
    paths: { found: 0, lossy: 0, broken: 0 },
    hops: [],
    links: [],
    flows: [],
    reproduce: { faulty: [], control: [] },
    measurement: {
      socketDrops: 0,
      sendErrors: 0,
      foreignReplies: 0,
      malformed: 0,
      lateReplies: 0,
      duplicates: 0,
      loopDelayP99Ms: 0,
      loopDelayMaxMs: 0,
      clockSteps: 0,
      skippedPorts: [],
      notes: [],
    },
    ...changes,
  };
}

/** Every probe is answered but where nobody is; with what a test changes. */
export function drawnRecord(
  paths: readonly Path[],
  changes: Partial<IsolateRecord> = {},
): IsolateRecord {
  const flows = paths.map((path, flow): FlowRecord => {
    const sent = path.map(() => 20);
    const received = path.map((who): number => (who === null ? 0 : 20));
    const isLossy = crosses(path) && path.includes(TARGET);
    if (isLossy) for (let i = 2; i < path.length; i++) received[i] = 16;
    return {
      target: 0,
      sourcePort: 32768 + flow,
      path,
      sent,
      received,
      changedPath: false,
      lossy: isLossy,
    };
  });
  const depth = Math.max(0, ...paths.map((path) => path.length));
  return emptyRecord({
    probesSent: 1000,
    repliesReceived: 990,
    summary: 'No loss on any path to db7.example.net.',
    paths: { found: new Set(paths.map(String)).size, lossy: 0, broken: 0 },
    hops: Array.from({ length: depth }, (_, hop) => ({
      ttl: hop + 1,
      interfaces: [...new Set(paths.flatMap((path) => path[hop] ?? []))].map((address) => ({
        address,
        name: null,
        flows: paths.filter((path) => path[hop] === address).length,
        sent: 20,
        received: 20,
        as: null,
        mpls: [],
      })),
    })),
    flows,
    ...changes,
  });
}

/** Sixteen paths, one link of which loses. */
export function lossyLinkRecord(
  flows = fabricPaths(64, [1, 4, 4]),
  changes: Partial<IsolateRecord> = {},
): IsolateRecord {
  const tuple = { protocol: 'tcp', source: '10.0.0.2', destination: TARGET, port: 22 } as const;
  return drawnRecord(flows, {
    verdict: 'loss-located',
    summary: `The link ${NEAR} → ${FAR} loses 20 % of packets.`,
    suspects: [suspectLink(NEAR, FAR)],
    paths: { found: 16, lossy: 1, broken: 0 },
    reproduce: {
      faulty: [{ ...tuple, sourcePort: 32777 }],
      control: [{ ...tuple, sourcePort: 32768 }],
    },
    ...changes,
  });
}

/** Behind one router, flows to one next hop end. */
export function blackHoleRecord(): IsolateRecord {
  const paths = fabricPaths(64, [1, 4, 4]).map((path) =>
    crosses(path) ? [...path.slice(0, 2), null, null] : path,
  );
  return drawnRecord(paths, {
    verdict: 'loss-located',
    summary: `The link behind ${NEAR} (its next hop was never seen) loses every packet.`,
    suspects: [{ ...suspectLink(NEAR, null), lossRatio: 1, lossInterval: [0.7, 1] }],
    paths: { found: 16, lossy: 1, broken: 1 },
  });
}

/** Two of four routers never answer, one path is shorter. */
export function silentRecord(): IsolateRecord {
  const paths = fabricPaths(64, [1, 4, 2]).map((path) =>
    path[1] === '10.0.2.4'
      ? [...path.slice(0, 2), TARGET]
      : path.map((who) => (who === '10.0.2.1' || who === '10.0.2.2' ? null : who)),
  );
  return drawnRecord(paths);
}

export function suspectLink(near: string, far: string | null): Suspect {
  return {
    kind: 'link',
    near,
    far,
    addresses: [],
    ttl: 3,
    direction: 'forward',
    lossRatio: 0.2,
    lossInterval: [0.16, 0.25],
    probability: 0.9996,
    flowsAcross: 4,
    flowsLossy: 4,
    probesAcross: 640,
    probesLost: 64,
    equivalents: [],
  };
}

function crosses(path: Path): boolean {
  return path[1] === NEAR && path[2] === FAR;
}
