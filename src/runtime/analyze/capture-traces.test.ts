import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type PcapForm,
  pcapngOf,
  pcapOf,
  RAW_PCAP,
  tappedNetwork,
  type WirePacket,
} from '../../../test/support/capture-writer.ts';
import {
  FAMILIES,
  ISOLATE_DEFAULTS,
  scenarioOf,
} from '../../../test/support/simulated-isolation.ts';
import type { IsolateProtocol, IsolateRecord } from '../../model/isolate-record.ts';
import { runIsolate } from '../isolate/isolate.ts';
import { openSimulatedNetwork } from '../links/network.ts';
import { readCaptureTraces } from './capture-traces.ts';
import { chooseTraces } from './choose-traces.ts';
import { judgeTraces } from './judge-traces.ts';
import { TraceFileError } from './seen-traces.ts';

const SCENARIO = scenarioOf({
  fabric: { widths: [1, 3, 2, 1] },
  linkDelayMs: 0.4,
  faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.2 }],
});
const FLOWS = 24;

interface CapturedRun {
  readonly live: IsolateRecord;
  readonly packets: readonly WirePacket[];
}

/** A live run, and all packets that it sent and received. */
async function capturedRun(family: 4 | 6, protocol: IsolateProtocol): Promise<CapturedRun> {
  const packets: WirePacket[] = [];
  const ports = { sourcePort: 33_000, flows: FLOWS };
  const network = openSimulatedNetwork({ ...SCENARIO, seed: 3 }, ports, { family, seed: 3 });
  try {
    const options = { ...ISOLATE_DEFAULTS, protocol, seed: 3 };
    return { live: await runIsolate(tappedNetwork(network, packets), options), packets };
  } finally {
    network.close();
  }
}

function judged(capture: Buffer): IsolateRecord {
  const chosen = chooseTraces([readCaptureTraces(capture)], {});
  return judgeTraces(chosen, { formats: ['capture'], files: ['x'], traces: chosen.traces.length });
}

const PROTOCOLS: readonly IsolateProtocol[] = ['tcp', 'udp', 'icmp'];
describe.each(FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol }))))(
  'a capture of a run by IPv$family and $protocol',
  ({ family, protocol }) => {
    let run: CapturedRun;
    beforeAll(async () => {
      run = await capturedRun(family, protocol);
    });

    test('blames whom the run blamed, of the same flows', () => {
      const record = judged(pcapOf(run.packets));
      const { live } = run;
      expect(live.verdict).toBe('loss-located');
      expect(record.verdict).toBe('loss-located');
      const placesOf = ({ suspects }: IsolateRecord) =>
        suspects.map(({ kind, near, far, addresses, flowsAcross }) => ({
          ...{ kind, near, far, addresses, flowsAcross },
        }));
      expect(placesOf(record)).toEqual(placesOf(live));
      expect(
        record.flows.map(({ sourcePort, path }) => ({ sourcePort, path })).sort(byPort),
      ).toEqual(live.flows.map(({ sourcePort, path }) => ({ sourcePort, path })).sort(byPort));
      expect(record.probesSent).toBeGreaterThan(0.95 * live.probesSent);
      expect(record.measurement.malformed).toBe(0);
    });
  },
);

function byPort(a: { readonly sourcePort: number }, b: { readonly sourcePort: number }): number {
  return a.sourcePort - b.sourcePort;
}

/** An echo or its answer between 192.0.2.1 and 192.0.2.2, of identifier 7. */
function packetOf({
  type,
  ttl,
  ends: [from, to],
}: {
  readonly type: number;
  readonly ttl: number;
  readonly ends: readonly [number, number];
}): Uint8Array {
  const ip = [0x45, 0, 0, 28, 0, 0, 0, 0, ttl, 1, 0, 0, 192, 0, 2, from, 192, 0, 2, to];
  return Uint8Array.from([...ip, type, 0, 0, 0, 0, 7, 0, 0]);
}

describe('a capture', () => {
  let packets: readonly WirePacket[];
  beforeAll(async () => {
    ({ packets } = await capturedRun(4, 'tcp'));
  });

  const ethernet = Uint8Array.from([...new Array(12).fill(2), 8, 0]);
  const tagged = Uint8Array.from([...new Array(12).fill(2), 0x81, 0, 0, 7, 8, 0]);
  const cooked = Uint8Array.from([...new Array(14).fill(0), 8, 0]);
  const cooked2 = Uint8Array.from([8, 0, ...new Array(18).fill(0)]);
  const forms: readonly { readonly what: string; readonly form: Partial<PcapForm> }[] = [
    { what: 'of the other byte order', form: { isLittle: false } },
    { what: 'by nanoseconds', form: { isNano: true } },
    { what: 'of Ethernet', form: { link: 1, header: ethernet } },
    { what: 'with a VLAN tag', form: { link: 1, header: tagged } },
    { what: 'of all devices', form: { link: 113, header: cooked } },
    { what: 'of all devices, second version', form: { link: 276, header: cooked2 } },
    { what: 'of a loopback', form: { link: 0, header: Uint8Array.from([2, 0, 0, 0]) } },
  ];
  test.each(forms)('$what tells the same', ({ form }) => {
    const plain = readCaptureTraces(pcapOf(packets));
    expect(readCaptureTraces(pcapOf(packets, { ...RAW_PCAP, ...form }))).toEqual(plain);
  });

  test.each([true, false])('as pcapng tells the same (little endian: %s)', (isLittle) => {
    const plain = readCaptureTraces(pcapOf(packets));
    expect(readCaptureTraces(pcapngOf(packets, isLittle))).toEqual(plain);
  });

  test('on two devices at once counts each packet once', () => {
    const twice = packets.flatMap((packet) => [packet, { ...packet, atUs: packet.atUs + 20 }]);
    const sent = (bytes: Buffer): number =>
      readCaptureTraces(bytes).traces.reduce((sum, { probes }) => sum + probes.length, 0);
    expect(sent(pcapOf(twice))).toBe(sent(pcapOf(packets)));
  });

  test('of packets cut short still matches answers', () => {
    const cut = packets.map(({ atUs, bytes }) => ({ atUs, bytes: bytes.subarray(0, 56) }));
    const answered = (bytes: Buffer): number =>
      readCaptureTraces(bytes)
        .traces.flatMap(({ probes }) => probes)
        .filter(({ answer }) => answer !== undefined).length;
    expect(answered(pcapOf(cut))).toBe(answered(pcapOf(packets)));
  });

  test('of one flow for hours matches every answer', () => {
    // Echoes of one identifier, one in ten milliseconds, each answered before the next.
    const request = packetOf({ type: 8, ttl: 1, ends: [1, 2] });
    const answer = packetOf({ type: 0, ttl: 64, ends: [2, 1] });
    const long = Array.from({ length: 9000 }, (_, i) => {
      const numbered = (bytes: Uint8Array): Uint8Array => {
        const copy = Uint8Array.from(bytes);
        copy[26] = i >> 8;
        copy[27] = i & 0xff;
        return copy;
      };
      const atUs = 1e15 + i * 10_000;
      return [
        { atUs, bytes: numbered(request) },
        { atUs: atUs + 500, bytes: numbered(answer) },
      ];
    });
    const [trace] = readCaptureTraces(pcapOf(long.flat())).traces;
    expect(trace?.probes).toHaveLength(9000);
    expect(trace?.probes.filter((probe) => probe.answer === undefined)).toEqual([]);
  });

  test('that ends in a packet is read up to there, and says so', () => {
    const { notes, traces } = readCaptureTraces(pcapOf(packets).subarray(0, -3));
    expect(notes).toEqual([expect.stringContaining('ends in the middle of a packet')]);
    expect(traces.length).toBe(FLOWS);
  });

  test('of ordinary traffic has no trace, and says why', () => {
    const ordinary = packets.map(({ atUs, bytes }) => {
      const changed = Uint8Array.from(bytes);
      changed[8] = 64;
      return { atUs, bytes: changed };
    });
    expect(() => readCaptureTraces(pcapOf(ordinary))).toThrow(/nobody traces a path in it/);
  });

  test('of a link type that is not read names it', () => {
    const wireless = pcapOf(packets, { ...RAW_PCAP, link: 105 });
    expect(() => readCaptureTraces(wireless)).toThrow('link type 105 (offset 20)');
  });

  test('whose bytes anybody changed is read or refused, and nothing else', () => {
    const few = packets.slice(0, 60);
    const files = [pcapOf(few), pcapngOf(few), pcapngOf(few, false)];
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (file, changes, end) => {
          const bytes = Buffer.from(file);
          for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
          try {
            readCaptureTraces(bytes.subarray(0, 4 + (end % bytes.length)));
          } catch (error) {
            expect(error).toBeInstanceOf(TraceFileError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
