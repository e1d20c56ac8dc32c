import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runFilter as run } from '../../test/support/bpf-machine.ts';
import { assemble, type BpfProgram } from './bpf.ts';
import { DROP_ALL, directReplyLines, icmpLines } from './reply-filters.ts';

const TCP = 6;
const UDP = 17;
const PORTS = { low: 40000, high: 40063 };
const TARGET = {
  4: Uint8Array.of(10, 0, 2, 2),
  6: Uint8Array.of(0xfd, 0, 0, 2, 0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 2),
} as const;

const icmpFilter = (...wishes: Parameters<typeof icmpLines>): BpfProgram =>
  assemble(icmpLines(...wishes));
const directReplyFilter = (...wishes: Parameters<typeof directReplyLines>): BpfProgram =>
  assemble(directReplyLines(...wishes));

/** An IPv4 header and what follows it; `optionBytes` is a multiple of 4. */
function ipv4(
  { protocol = 1, source = [10, 0, 1, 2], optionBytes = 0 },
  after: number[],
): number[] {
  const header = [0x45 + optionBytes / 4, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
  return [...header, ...source, 10, 0, 1, 1, ...new Array<number>(optionBytes).fill(1), ...after];
}

/** An IPv6 header and what follows it. */
function ipv6({ protocol = 58, source = [...TARGET[6]] }, after: number[]): number[] {
  return [0x60, 0, 0, 0, 0, 0, protocol, 64, ...source, ...new Array<number>(16).fill(9), ...after];
}

/** An ICMP error of either family. */
function icmpError(type: number, quote: number[]): number[] {
  return [type, 0, 0, 0, 0, 0, 0, 0, ...quote];
}

/** The ports of a transport header, and 4 bytes after them. */
function transport(sourcePort: number, destinationPort = 443): number[] {
  const ports = [sourcePort, destinationPort].flatMap((port) => [port >> 8, port & 0xff]);
  return [...ports, 1, 2, 3, 4];
}

interface Case {
  readonly shows: string;
  readonly packet: number[];
  readonly passes: boolean;
}

function runCases(program: BpfProgram, dataOffset: number, cases: readonly Case[]): void {
  it.each(cases)('$shows: $passes', ({ packet, passes }) => {
    expect(run(program, Uint8Array.from(packet), dataOffset) > 0).toBe(passes);
  });
}

/** Cuts a packet that passes at every length; those that end before `needs` bytes must not pass. */
function cutCase(program: BpfProgram, dataOffset: number, packet: number[], needs: number): void {
  it(`passes a packet only with its first ${needs} of ${packet.length} bytes`, () => {
    for (let length = 0; length <= packet.length; length++) {
      const cut = Uint8Array.from(packet.slice(0, length));
      expect(run(program, cut, dataOffset) > 0).toBe(length >= needs);
    }
  });
}

describe('icmpFilter, IPv4', () => {
  const filter = icmpFilter(4, [TCP], PORTS);
  const quoted = (port: number, optionBytes = 0, protocol = TCP): number[] =>
    ipv4({ protocol, optionBytes, source: [10, 0, 1, 1] }, transport(port));
  const translated = (port: number, protocol = TCP): number[] =>
    ipv4({ protocol, source: [192, 0, 2, 1] }, transport(port));
  runCases(filter, 0, [
    { shows: 'time exceeded', packet: ipv4({}, icmpError(11, quoted(40000))), passes: true },
    { shows: 'unreachable', packet: ipv4({}, icmpError(3, quoted(40063))), passes: true },
    { shows: 'parameter problem', packet: ipv4({}, icmpError(12, quoted(40001))), passes: true },
    { shows: 'redirect', packet: ipv4({}, icmpError(5, quoted(40000))), passes: false },
    { shows: 'echo reply', packet: ipv4({}, icmpError(0, quoted(40000))), passes: false },
    { shows: 'a port below', packet: ipv4({}, icmpError(11, quoted(39999))), passes: false },
    { shows: 'a port above', packet: ipv4({}, icmpError(11, quoted(40064))), passes: false },
    { shows: 'UDP', packet: ipv4({}, icmpError(11, quoted(40000, 0, UDP))), passes: false },
    { shows: 'translated', packet: ipv4({}, icmpError(11, translated(40000))), passes: true },
    { shows: 'and the port', packet: ipv4({}, icmpError(11, translated(9))), passes: true },
    { shows: 'of UDP', packet: ipv4({}, icmpError(11, translated(9, UDP))), passes: false },
    {
      shows: 'translated with its port, behind options',
      packet: ipv4({ optionBytes: 8 }, icmpError(11, translated(9))),
      passes: true,
    },
    {
      shows: 'options around the quote',
      packet: ipv4({ optionBytes: 40 }, icmpError(11, quoted(40000))),
      passes: true,
    },
    {
      shows: 'options in the quote',
      packet: ipv4({}, icmpError(11, quoted(40000, 40))),
      passes: true,
    },
    {
      shows: 'options in both, a port above',
      packet: ipv4({ optionBytes: 8 }, icmpError(11, quoted(40064, 12))),
      passes: false,
    },
  ]);
  cutCase(filter, 0, ipv4({}, icmpError(11, quoted(40000))), 20 + 8 + 20 + 2);
});

describe('icmpFilter, IPv6', () => {
  const filter = icmpFilter(6, [TCP], PORTS);
  const own = new Array<number>(16).fill(9);
  const quoted = (port: number, protocol = TCP, source = own): number[] =>
    ipv6({ protocol, source }, transport(port));
  runCases(filter, 40, [
    { shows: 'unreachable', packet: ipv6({}, icmpError(1, quoted(40000))), passes: true },
    { shows: 'packet too big', packet: ipv6({}, icmpError(2, quoted(40000))), passes: true },
    { shows: 'time exceeded', packet: ipv6({}, icmpError(3, quoted(40063))), passes: true },
    { shows: 'parameter problem', packet: ipv6({}, icmpError(4, quoted(40000))), passes: true },
    { shows: 'a reserved type', packet: ipv6({}, icmpError(0, quoted(40000))), passes: false },
    { shows: 'an echo request', packet: ipv6({}, icmpError(128, quoted(40000))), passes: false },
    { shows: 'a port below', packet: ipv6({}, icmpError(3, quoted(39999))), passes: false },
    { shows: 'a port above', packet: ipv6({}, icmpError(3, quoted(40064))), passes: false },
    { shows: 'UDP', packet: ipv6({}, icmpError(3, quoted(40000, UDP))), passes: false },
  ]);
  it.each([0, 5, 10, 15])('a port that was translated with byte %i of the address', (i) => {
    const packet = ipv6({}, icmpError(3, quoted(9, TCP, own.with(i, 1))));
    expect(run(filter, Uint8Array.from(packet), 40)).toBeGreaterThan(0);
  });
  cutCase(filter, 40, ipv6({}, icmpError(3, quoted(40000))), 40 + 8 + 40 + 2);
});

describe.each([4, 6] as const)('icmpFilter for all protocols, IPv%i', (family) => {
  const icmp = family === 4 ? 1 : 58;
  const filter = icmpFilter(family, [TCP, UDP, icmp], PORTS);
  const [headerBytes, protocolAt, dataOffset] = family === 4 ? [20, 9, 0] : [40, 6, 40];
  const [errorType, echoReply, echoRequest] = family === 4 ? [11, 0, 8] : [3, 129, 128];

  /** An ICMP message behind an IP header. */
  function message(type: number, body: readonly number[]): Uint8Array {
    const packet = new Uint8Array(headerBytes + 4 + body.length);
    packet[0] = family === 4 ? 0x45 : 0x60;
    packet[headerBytes] = type;
    packet.set(body, headerBytes + 4);
    return packet;
  }

  function quoting(protocol: number, transport: readonly number[]): Uint8Array {
    const quote = new Uint8Array(headerBytes + 8);
    quote[0] = family === 4 ? 0x45 : 0x60;
    quote[protocolAt] = protocol;
    quote.set(transport, headerBytes);
    return message(errorType, [0, 0, 0, 0, ...quote]);
  }

  const port = (value: number) => [value >> 8, value & 0xff];
  const [ours, theirs] = [port(40_010), port(39_999)];
  const ROWS = [
    { shows: 'an echo reply to us', packet: message(echoReply, [...ours, 0, 1]), passes: true },
    { shows: 'another’s echo reply', packet: message(echoReply, [...theirs, 0, 1]), passes: false },
    { shows: 'an echo request', packet: message(echoRequest, [...ours, 0, 1]), passes: false },
    { shows: 'a quoted SYN of ours', packet: quoting(TCP, [...ours, 0, 80]), passes: true },
    { shows: 'a quoted datagram of ours', packet: quoting(UDP, [...ours, 0, 53]), passes: true },
    { shows: 'another’s datagram', packet: quoting(UDP, [...theirs, ...ours]), passes: false },
    { shows: 'our quoted echo', packet: quoting(icmp, [8, 0, 1, 2, ...ours, 0, 1]), passes: true },
    { shows: 'another’s', packet: quoting(icmp, [...ours, 1, 2, ...theirs, 0, 1]), passes: false },
    { shows: 'a quote of SCTP', packet: quoting(132, [...ours, 0, 80]), passes: false },
  ];

  it.each(ROWS)('$shows passes: $passes', ({ packet, passes }) => {
    expect(run(filter, packet, dataOffset) > 0).toBe(passes);
  });
});

describe('directReplyFilter, IPv4', () => {
  const filter = directReplyFilter(4, TARGET[4], PORTS);
  const from = { protocol: TCP, source: [...TARGET[4]] };
  runCases(filter, 0, [
    { shows: 'to the first port', packet: ipv4(from, transport(443, 40000)), passes: true },
    { shows: 'to the last port', packet: ipv4(from, transport(443, 40063)), passes: true },
    {
      shows: 'behind options',
      packet: ipv4({ ...from, optionBytes: 40 }, transport(443, 40000)),
      passes: true,
    },
    { shows: 'to a port below', packet: ipv4(from, transport(443, 39999)), passes: false },
    { shows: 'from a port of ours', packet: ipv4(from, transport(40000, 443)), passes: false },
    {
      shows: 'from another address',
      packet: ipv4({ ...from, source: [10, 0, 2, 3] }, transport(443, 40000)),
      passes: false,
    },
  ]);
  cutCase(filter, 0, ipv4(from, transport(443, 40000)), 20 + 4);
});

describe('directReplyFilter, IPv6', () => {
  const filter = directReplyFilter(6, TARGET[6], PORTS);
  const from = { protocol: TCP, source: [...TARGET[6]] };
  runCases(filter, 40, [
    { shows: 'to the first port', packet: ipv6(from, transport(443, 40000)), passes: true },
    { shows: 'to a port above', packet: ipv6(from, transport(443, 40064)), passes: false },
    ...[...TARGET[6].keys()].map((i) => ({
      shows: `from an address that differs in byte ${i}`,
      packet: ipv6({ ...from, source: [...TARGET[6].with(i, 0x55)] }, transport(443, 40000)),
      passes: false,
    })),
  ]);
  cutCase(filter, 40, ipv6(from, transport(443, 40000)), 40 + 4);
});

describe('every filter', () => {
  const filters = [
    { name: 'DROP_ALL', program: DROP_ALL, dataOffset: 0 },
    { name: 'errors of IPv4', program: icmpFilter(4, [TCP], PORTS), dataOffset: 0 },
    { name: 'errors of IPv6', program: icmpFilter(6, [TCP], PORTS), dataOffset: 40 },
    { name: 'replies of IPv4', program: directReplyFilter(4, TARGET[4], PORTS), dataOffset: 0 },
    { name: 'replies of IPv6', program: directReplyFilter(6, TARGET[6], PORTS), dataOffset: 40 },
  ];
  it.each(filters)('$name: drops or keeps whole whatever comes', ({ program, dataOffset }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), (packet) => {
        expect([0, 0x40000]).toContain(run(program, packet, dataOffset));
      }),
    );
  });

  it('drops everything before the real one is attached', () => {
    expect(run(DROP_ALL, Uint8Array.from(ipv4({}, icmpError(11, []))), 0)).toBe(0);
  });
});
