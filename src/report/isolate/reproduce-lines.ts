/**
 * Shell commands that send the flows of a record again: some that hit the fault, some that miss it,
 * and a capture that shows all of them.
 */

import type { FiveTuple, IsolateRecord, TrafficClass } from '../../model/isolate-record.ts';
import { pingCommand } from './ping-command.ts';

/** The flows to send again, and what else decides how. */
export type Reproducible = Pick<IsolateRecord, 'family' | 'simulated' | 'classes' | 'reproduce'>;

/** Lines to paste into a shell, under a title that says what they do. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly string[];
}

/** Groups without commands are left out; nothing at all where there is nothing to reproduce. */
export interface Reproduction {
  readonly groups: readonly CommandGroup[];
  /** What to know about these commands, a sentence each. */
  readonly notes: readonly string[];
}

/** Schemes of ports at which a program that speaks HTTP commonly listens. */
const HTTP_SCHEMES: ReadonlyMap<number, 'http' | 'https'> = new Map([
  [80, 'http'],
  [8000, 'http'],
  [8008, 'http'],
  [8080, 'http'],
  [8888, 'http'],
  [443, 'https'],
  [8443, 'https'],
]);
/** Linux sends a lost SYN again after a second (RFC 6298 §2.1): `nc` gives up before. */
const NC_SECONDS = 1;
/** For `curl`, which tells how long it took: enough for a SYN sent twice, and for TLS. */
const CURL_SECONDS = 3;

/** How to see the fault, and its absence, with ordinary programs. */
export function reproduction(record: Reproducible): Reproduction {
  const { faulty, control } = record.reproduce;
  const flows = [...faulty, ...control];
  if (flows.length === 0) return { groups: [], notes: [] };
  const commandOf = (flow: FiveTuple): string => commandFor(flow, classOf(flow, record));
  const groups = [
    { title: 'hits the fault', commands: faulty.map(commandOf) },
    { title: 'misses it', commands: control.map(commandOf) },
    { title: control.length > 0 ? 'shows both' : 'shows them', commands: [captureOf(flows)] },
  ];
  return {
    groups: groups.filter(({ commands }) => commands.length > 0),
    notes: notesOn(flows, record),
  };
}

/** Flows do not name the only class of a run. */
function classOf(flow: FiveTuple, { classes }: Reproducible): TrafficClass | undefined {
  return flow.class ?? classes[0];
}

function commandFor(flow: FiveTuple, own: TrafficClass | undefined): string {
  const { protocol, source, sourcePort, destination, port } = flow;
  const tos = own?.tos ?? 0;
  const ends = `-s ${source} -p ${sourcePort} ${destination} ${port}`;
  const nc = `-w ${NC_SECONDS}${tos === 0 ? '' : ` -T ${tos}`} ${ends}`;
  const payload = payloadBytes(flow, own);
  if (protocol === 'icmp') {
    return pingCommand(flow, { payloadBytes: payload, tos }) ?? isolateCommand(flow, own);
  }
  if (protocol === 'udp') return `head -c ${payload} /dev/zero | nc -u ${nc}`;
  const scheme = HTTP_SCHEMES.get(port);
  // Only the newest curl can set the TOS.
  return scheme === undefined || tos > 0 ? `nc -vz ${nc}` : curlCommand(flow, scheme);
}

/** Where no ordinary program can send the packets of a flow. */
function isolateCommand(
  { protocol, source, sourcePort, destination }: FiveTuple,
  own: TrafficClass | undefined,
): string {
  const { packetBytes = 0, tos = 0 } = own ?? {};
  const marked = tos === 0 ? '' : ` --tos ${tos}`;
  const what = `--protocol ${protocol} --flow ${sourcePort} --packet-size ${packetBytes}${marked}`;
  return `sudo fantrace isolate ${what} --source ${source} ${destination}`;
}

/** Behind the headers of UDP and ICMP, 8 bytes both. */
function payloadBytes({ destination }: FiveTuple, own: TrafficClass | undefined): number {
  const headerBytes = (isIpv6(destination) ? 40 : 20) + 8;
  return Math.max(1, (own?.packetBytes ?? 0) - headerBytes);
}

/** The certificate is not checked, as it is made out to a name, and the path is to the address. */
function curlCommand(
  { source, sourcePort, destination, port }: FiveTuple,
  scheme: 'http' | 'https',
): string {
  const host = isIpv6(destination) ? `[${destination}]` : destination;
  const flags = [
    scheme === 'https' ? '-skS' : '-sS',
    ...(isIpv6(destination) ? ['-6', '-g'] : []),
    `--connect-timeout ${CURL_SECONDS}`,
    `--interface ${source}`,
    `--local-port ${sourcePort}`,
    '-o /dev/null',
    "-w '%{time_connect} s to connect\\n'",
  ];
  return `curl ${flags.join(' ')} '${scheme}://${host}:${port}/'`;
}

function captureOf(flows: readonly FiveTuple[]): string {
  const [first] = flows;
  if (first === undefined) return '';
  const { protocol } = first;
  const ip = isIpv6(first.destination) ? 'ip6' : 'ip';
  const hosts = eachOnce(flows.map(({ destination }) => `host ${destination}`));
  const ports = eachOnce(flows.map(({ port }) => `${protocol} port ${port}`));
  const sourcePorts = flows.map(({ sourcePort }) => sourcePort);
  const message = ip === 'ip6' ? 'icmp6' : 'icmp';
  const wanted =
    protocol === 'icmp'
      ? `${message} and ${eachOnce(sourcePorts.map((id) => `${message}[4:2] == ${id}`))}`
      : `${ports} and ${eachOnce(sourcePorts.map((own) => `port ${own}`))}`;
  return `tcpdump -ni any '${ip} and ${hosts} and ${wanted}'`;
}

/** `(a or b)`, or `a` alone. */
function eachOnce(conditions: readonly string[]): string {
  const distinct = [...new Set(conditions)];
  return distinct.length === 1 ? distinct.join() : `(${distinct.join(' or ')})`;
}

function notesOn(flows: readonly FiveTuple[], record: Reproducible): string[] {
  const isOf = (wanted: FiveTuple['protocol']): boolean =>
    flows.some(({ protocol }) => protocol === wanted);
  const tcp = flows.filter(({ protocol }) => protocol === 'tcp');
  const isByCurl = (flow: FiveTuple): boolean =>
    HTTP_SCHEMES.has(flow.port) && (classOf(flow, record)?.tos ?? 0) === 0;
  const isByIsolate = flows.some(
    (flow) =>
      flow.protocol === 'icmp' && commandFor(flow, classOf(flow, record)).startsWith('sudo'),
  );
  const sizes = new Set(record.classes.map(({ packetBytes }) => packetBytes));
  const facts: readonly (readonly [isTold: boolean, text: string])[] = [
    [
      record.simulated !== null,
      'the network is simulated: nothing at these addresses belongs to it',
    ],
    [
      tcp.some((flow) => !isByCurl(flow)),
      'a lost packet is a time-out of nc; refused is as good as succeeded',
    ],
    [tcp.some(isByCurl), 'each lost packet makes connecting take a second longer, or time out'],
    [
      tcp.length > 0,
      'repeat them to see a partial loss; where a connection was open, its port rests for a minute',
    ],
    [
      tcp.length > 0 && sizes.size > 1,
      'packets of several sizes were probed, but connections begin with small ones: ' +
        'a loss of large ones shows once they carry data',
    ],
    [isOf('udp'), 'the capture shows whether an answer comes, which need not be so for UDP'],
    [
      isOf('icmp') && !isByIsolate,
      'each ping is one packet with the checksum of its flow, by which some routers balance: ' +
        'repeat it to see a partial loss, as further packets of one ping have others',
    ],
    [
      isByIsolate,
      'ping puts the time into packets of this size, so that their checksum, by which some ' +
        'routers balance, is never that of the flow: fantrace sends the flow itself',
    ],
    [
      record.family === 6,
      'probes of a flow carry an IPv6 flow label of their own, and these connections another: ' +
        'where routers balance by the label, they may take other paths',
    ],
  ];
  return facts.flatMap(([isTold, text]) => (isTold ? [text] : []));
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}
