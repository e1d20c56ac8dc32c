import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runFilter } from '../../test/support/bpf-machine.ts';
import { assemble } from './bpf.ts';
import { directReplyLines, icmpLines } from './reply-filters.ts';
import { RING_PACKET_BYTES_MAX, restLines, ringFilter, SENT_BYTES } from './ring-filters.ts';

const PORTS = { low: 40000, high: 40063 };
const OWN = { 4: Uint8Array.of(10, 0, 1, 1), 6: new Uint8Array(16).fill(9) } as const;
const PEER = { 4: Uint8Array.of(10, 0, 2, 2), 6: new Uint8Array(16).fill(7) } as const;
const DEVICE = 5;
const HOST = 0;
const OTHER_HOST = 3;
const OUTGOING = 4;
const PROTOCOLS = { 4: [6, 17, 1], 6: [6, 17, 58] } as const;

type Family = 4 | 6;

/** What a packet is like; headers follow from it. */
interface Sketch {
  readonly protocol: number;
  readonly to: Uint8Array;
  readonly from: Uint8Array;
  /** Behind the IP header. */
  readonly after: readonly number[];
  /** Flags and offset of an IPv4 fragment. */
  readonly fragment?: number;
}

function packetOf(family: Family, { protocol, to, from, after, fragment = 0 }: Sketch): Uint8Array {
  const total = (family === 4 ? 20 : 0) + after.length;
  const length = [total >> 8, total & 0xff];
  const header =
    family === 4
      ? [0x45, 0, ...length, 0, 1, fragment >> 8, fragment & 0xff, 64, protocol, 0, 0]
      : [0x60, 0, 0, 0, ...length, protocol, 64];
  return Uint8Array.from([...header, ...from, ...to, ...after]);
}

function besideOf(family: Family, packetType: number, device = DEVICE): Record<number, number> {
  return { 0: family === 4 ? 0x0800 : 0x86dd, 4: packetType, 8: device, 44: 0, 48: 0 };
}

function ports(source: number, destination: number): number[] {
  return [source >> 8, source & 0xff, destination >> 8, destination & 0xff];
}

function answer(family: Family, lengthAfter = 40, destinationPort = 40001): Sketch {
  const rest = new Array<number>(lengthAfter - 4).fill(0);
  const after = [...ports(443, destinationPort), ...rest];
  return { protocol: 6, from: PEER[family], to: OWN[family], after };
}

function probe(family: Family, port = 40001): Sketch {
  const after = [...ports(port, 443), ...new Array<number>(16).fill(1)];
  return { protocol: 6, from: OWN[family], to: PEER[family], after };
}

const FAMILIES: readonly Family[] = [4, 6];

describe.each(FAMILIES)('ringFilter, IPv%i', (family) => {
  const traits = { family, device: DEVICE, address: OWN[family] };
  const wishes = {
    protocols: PROTOCOLS[family],
    ports: PORTS,
    hearsDirectly: true,
    destination: undefined,
    seesSent: true,
  };
  const filter = ringFilter(traits, wishes);
  const kept = (sketch: Sketch, beside = besideOf(family, HOST)): number =>
    runFilter(filter, packetOf(family, sketch), 0, beside);

  it('takes an answer to us, and none to others or on its way to them', () => {
    expect(kept(answer(family))).toBeGreaterThan(0);
    expect(kept({ ...answer(family), to: PEER[family] })).toBe(0);
    expect(kept(answer(family), besideOf(family, OTHER_HOST))).toBe(0);
    expect(kept(answer(family, 40, 40064))).toBe(0);
  });

  it('leaves what may have been cut to raw sockets', () => {
    const after = RING_PACKET_BYTES_MAX[family] - (family === 4 ? 20 : 40);
    expect(kept(answer(family, after))).toBeGreaterThan(0);
    expect(kept(answer(family, after + 1))).toBe(0);
  });

  it('takes no tagged frame but with a priority alone', () => {
    const tagged = (tag: number): Record<number, number> => ({
      ...besideOf(family, HOST),
      44: tag,
      48: 1,
    });
    expect(kept(answer(family), tagged(0xa000))).toBeGreaterThan(0);
    expect(kept(answer(family), tagged(0xa001))).toBe(0);
  });

  it('takes nothing of the other family, whose bytes may look the same', () => {
    const other = besideOf(family === 4 ? 6 : 4, HOST);
    expect(kept(answer(family), other)).toBe(0);
  });

  it('takes the start of a probe that leaves, if it is asked to', () => {
    const leaves = besideOf(family, OUTGOING);
    expect(kept(probe(family), leaves)).toBe(SENT_BYTES);
    expect(kept(probe(family, 39999), leaves)).toBe(0);
    expect(kept({ ...probe(family), from: PEER[family] }, leaves)).toBe(0);
    const blind = ringFilter(traits, { ...wishes, seesSent: false });
    expect(runFilter(blind, packetOf(family, probe(family)), 0, leaves)).toBe(0);
  });

  it('takes an echo that leaves by its identifier', () => {
    const [protocol, type] = family === 4 ? [1, 8] : [58, 128];
    const echo = { ...probe(family), protocol, after: [type, 0, 0, 0, ...ports(40001, 1)] };
    const leaves = besideOf(family, OUTGOING);
    expect(kept(echo, leaves)).toBe(SENT_BYTES);
    expect(kept({ ...echo, after: echo.after.with(0, 0) }, leaves)).toBe(0);
  });

  it('shares what comes with raw sockets: each packet goes one way, and none is left out', () => {
    const [icmp] = PROTOCOLS[family].slice(-1) as [number];
    const quote = packetOf(family, probe(family));
    const error = [family === 4 ? 11 : 3, 0, 0, 0, 0, 0, 0, 0, ...quote];
    const sketches = fc.record({
      after: fc.constantFrom(
        { protocol: 6, after: answer(family).after },
        { protocol: 17, after: answer(family, 140).after },
        { protocol: icmp, after: error },
        { protocol: icmp, after: [...error, ...new Array<number>(100).fill(0)] },
        { protocol: icmp, after: [family === 4 ? 0 : 129, 0, 0, 0, ...ports(40002, 1)] },
      ),
      to: fc.constantFrom(OWN[family], PEER[family]),
      device: fc.constantFrom(DEVICE, DEVICE + 1),
    });
    fc.assert(
      fc.property(sketches, ({ after, to, device }) => {
        const packet = packetOf(family, { ...after, from: PEER[family], to });
        const beside = besideOf(family, HOST, device);
        const lines =
          after.protocol === icmp
            ? icmpLines(family, PROTOCOLS[family], PORTS)
            : directReplyLines(family, undefined, PORTS);
        const at = family === 4 ? 0 : 40;
        const alone = runFilter(assemble(lines), packet, at, beside) > 0;
        const rest = assemble(restLines(traits, after.protocol, lines));
        const byRaw = runFilter(rest, packet, at, beside) > 0;
        const isSeen = device === DEVICE; // a ring is bound to it
        const byRing = isSeen && runFilter(filter, packet, 0, beside) > 0;
        expect(alone).toBe(true);
        expect([byRing, byRaw].filter(Boolean)).toHaveLength(1);
      }),
    );
  });
});

it('takes no IPv4 fragment, neither the first nor a later one', () => {
  const traits = { family: 4, device: DEVICE, address: OWN[4] } as const;
  const wishes = { protocols: [6], ports: PORTS, hearsDirectly: true, seesSent: false };
  const filter = ringFilter(traits, { ...wishes, destination: undefined });
  const kept = (fragment: number): number =>
    runFilter(filter, packetOf(4, { ...answer(4), fragment }), 0, besideOf(4, HOST));
  expect(kept(0x4000)).toBeGreaterThan(0); // must not be cut
  expect(kept(0x2000)).toBe(0);
  expect(kept(0x0001)).toBe(0);
});

it('leaves IPv6 packets with extension headers to raw sockets', () => {
  const traits = { family: 6, device: DEVICE, address: OWN[6] } as const;
  const rest = assemble(restLines(traits, 6, directReplyLines(6, undefined, PORTS)));
  const after = [6, 0, 0, 0, 0, 0, 0, 1, ...answer(6).after]; // a fragment that is all of it
  const packet = packetOf(6, { ...answer(6), protocol: 44, after });
  expect(runFilter(rest, packet, 48, besideOf(6, HOST))).toBeGreaterThan(0);
});
