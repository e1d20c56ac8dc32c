import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { lossyLinkRecord } from '../../../test/support/drawn-records.ts';
import type { FiveTuple, TrafficClass } from '../../model/isolate-record.ts';
import { formatIsolateText } from './isolate-text.ts';
import { reproduction } from './reproduce-lines.ts';

const V4 = { source: '10.0.0.2', destination: '10.9.0.1' };
const V6 = { source: '2001:db8::2', destination: '2001:db8:9::1' };
const CURL = "-o /dev/null -w '%{time_connect} s to connect\\n'";

interface Case extends Omit<FiveTuple, 'sourcePort'> {
  readonly shows: string;
  readonly command: string;
  readonly capture: string;
  /** 50 unless told. */
  readonly packetBytes?: number;
}

const CASES: readonly Case[] = [
  {
    shows: 'TCP',
    protocol: 'tcp',
    ...V4,
    port: 22,
    command: 'nc -vz -w 1 -s 10.0.0.2 -p 32777 10.9.0.1 22',
    capture: "'ip and host 10.9.0.1 and tcp port 22 and (port 32777 or port 32768)'",
  },
  {
    shows: 'TCP over IPv6',
    protocol: 'tcp',
    ...V6,
    port: 22,
    command: 'nc -vz -w 1 -s 2001:db8::2 -p 32777 2001:db8:9::1 22',
    capture: "'ip6 and host 2001:db8:9::1 and tcp port 22 and (port 32777 or port 32768)'",
  },
  {
    shows: 'a port of HTTP',
    protocol: 'tcp',
    ...V4,
    port: 8080,
    command:
      'curl -sS --connect-timeout 3 --interface 10.0.0.2 --local-port 32777 ' +
      `${CURL} 'http://10.9.0.1:8080/'`,
    capture: "'ip and host 10.9.0.1 and tcp port 8080 and (port 32777 or port 32768)'",
  },
  {
    shows: 'a port of HTTPS over IPv6',
    protocol: 'tcp',
    ...V6,
    port: 443,
    command:
      'curl -skS -6 -g --connect-timeout 3 --interface 2001:db8::2 --local-port 32777 ' +
      `${CURL} 'https://[2001:db8:9::1]:443/'`,
    capture: "'ip6 and host 2001:db8:9::1 and tcp port 443 and (port 32777 or port 32768)'",
  },
  {
    shows: 'UDP',
    protocol: 'udp',
    ...V4,
    port: 53,
    command: 'head -c 22 /dev/zero | nc -u -w 1 -s 10.0.0.2 -p 32777 10.9.0.1 53',
    capture: "'ip and host 10.9.0.1 and udp port 53 and (port 32777 or port 32768)'",
  },
  {
    shows: 'ICMP',
    protocol: 'icmp',
    ...V4,
    port: 0,
    packetBytes: 34,
    command: 'ping -n -c 1 -W 1 -s 6 -p … -e 32777 -I 10.0.0.2 10.9.0.1',
    capture: "'ip and host 10.9.0.1 and icmp and (icmp[4:2] == 32777 or icmp[4:2] == 32768)'",
  },
  {
    shows: 'ICMP over IPv6',
    protocol: 'icmp',
    ...V6,
    port: 0,
    command: 'ping -n -c 1 -W 1 -s 2 -p … -e 32777 -I 2001:db8::2 2001:db8:9::1',
    capture:
      "'ip6 and host 2001:db8:9::1 and icmp6 and (icmp6[4:2] == 32777 or icmp6[4:2] == 32768)'",
  },
];

describe.each(CASES)('$shows', ({ command, capture, shows: _, packetBytes = 50, ...ends }) => {
  const family = ends.destination.includes(':') ? 6 : 4;
  const { groups, notes } = reproduction({
    family,
    simulated: null,
    classes: [{ tos: 0, packetBytes }],
    reproduce: {
      faulty: [{ ...ends, sourcePort: 32777 }],
      control: [{ ...ends, sourcePort: 32768 }],
    },
  });

  test('has its own commands', () => {
    // What makes the checksum that of the flow has a test of its own.
    const told = groups.map(({ title, commands }) => ({
      title,
      commands: commands.map((each) => each.replace(/ -p [0-9a-f]+ -e /, ' -p … -e ')),
    }));
    expect(told).toEqual([
      { title: 'hits the fault', commands: [command] },
      { title: 'misses it', commands: [command.replace('32777', '32768')] },
      { title: 'shows both', commands: [`tcpdump -ni any ${capture}`] },
    ]);
  });

  test('says of IPv6 alone that the flow label may matter', () => {
    expect(notes.some((note) => note.includes('flow label'))).toBe(family === 6);
  });

  test('is what a shell takes apart as meant', () => {
    expect(wordsOf(`tcpdump -ni any ${capture}`).at(-1)).toBe(capture.slice(1, -1));
    const words = wordsOf(command.replace(/^head .* \| /, ''));
    expect(words).toContain(ends.protocol === 'icmp' || words[0] === 'nc' ? ends.source : '-o');
    expect(words.join(' ').replaceAll("'", '')).toBe(
      command.replace(/^head .* \| /, '').replaceAll("'", ''),
    );
  });
});

const EXPEDITED: TrafficClass = { tos: 184, packetBytes: 1400 };

test.each([
  { protocol: 'tcp', port: 80, command: 'nc -vz -w 1 -T 184 -s 10.0.0.2 -p 32777 10.9.0.1 80' },
  {
    protocol: 'udp',
    port: 53,
    command: 'head -c 1372 /dev/zero | nc -u -w 1 -T 184 -s 10.0.0.2 -p 32777 10.9.0.1 53',
  },
  {
    protocol: 'icmp',
    port: 0,
    command:
      'sudo fantrace isolate --protocol icmp --flow 32777 --packet-size 1400 --tos 184 ' +
      '--source 10.0.0.2 10.9.0.1',
  },
] as const)('$protocol is sent in the class that is hit', ({ command, ...rest }) => {
  const flow: FiveTuple = { ...V4, ...rest, sourcePort: 32777, class: EXPEDITED };
  const { groups, notes } = reproduction({
    family: 4,
    simulated: null,
    classes: [{ tos: 0, packetBytes: 40 }, EXPEDITED],
    reproduce: { faulty: [flow], control: [] },
  });
  expect(groups[0]?.commands).toEqual([command]);
  const isAboutSize = notes.some((note) => note.includes('packets of several sizes'));
  expect(isAboutSize).toBe(rest.protocol === 'tcp');
});

test('where no flow misses the fault, there is nothing to compare with', () => {
  const { faulty } = lossyLinkRecord().reproduce;
  const record = lossyLinkRecord(undefined, { reproduce: { faulty, control: [] } });
  const titles = reproduction(record).groups.map(({ title }) => title);
  expect(titles).toEqual(['hits the fault', 'shows them']);
});

test('of no loss there is nothing to reproduce', () => {
  const record = lossyLinkRecord(undefined, { reproduce: { faulty: [], control: [] } });
  expect(reproduction(record)).toEqual({ groups: [], notes: [] });
  expect(formatIsolateText(record, { width: 80 })).not.toContain('Reproduce');
});

test('the report keeps each command on a line of its own, in a narrow terminal, too', () => {
  const record = lossyLinkRecord();
  const lines = formatIsolateText(record, { width: 40 }).split('\n');
  for (const command of reproduction(record).groups.flatMap(({ commands }) => commands)) {
    expect(lines).toContain(`    ${command}`);
  }
});

test('the report says of a simulated network that the commands do not reach it', () => {
  const text = formatIsolateText(lossyLinkRecord(undefined, { simulated: 'x' }), { width: 80 });
  expect(text).toContain('the network is simulated: nothing at these addresses belongs to it');
});

/** The words that a POSIX shell makes of a command. */
function wordsOf(command: string): string[] {
  const script = `set -- ${command}\nprintf '%s\\n' "$@"`;
  return execFileSync('sh', ['-c', script]).toString().trimEnd().split('\n');
}
