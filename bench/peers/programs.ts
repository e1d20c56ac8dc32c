/**
 * Programs that send probes by the hundred thousand, each asked the same of the same kernels: how it
 * is asked, and how many answers it tells.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CLI } from '../../test/lab/isolate-run.ts';
import { interfaceTo, macOf } from '../../test/lab/lab-nodes.ts';

/** What is asked for, and where answers may be written. */
export interface Errand {
  /** The addresses to probe. */
  readonly prefix: string;
  /** A file of them, one a line. */
  readonly list: string;
  /** Where probes come from. */
  readonly source: string;
  /** A folder of the caller's. */
  readonly folder: string;
}

/** One way of asking. */
export interface Program {
  readonly name: string;
  /** The command, which has the name of its Debian package; undefined for ours. */
  readonly package?: string;
  /** How many the kernels give for an address. */
  readonly answersEach: number;
  argv(errand: Errand): readonly string[];
  /** Answers that it tells of, on its standard output or in the file that it wrote. */
  heard(errand: Errand, stdout: string): number;
}

/** Nothing listens there, so that the kernel answers with a reset. */
const CLOSED_PORT = '81';
/** As fast as it goes: a limit that no program here comes near. */
const UNLIMITED = 1_000_000;
/** What scamper takes at most, by its own word. */
const SCAMPER_RATE_MAX = '10000';
/** zmap and masscan send by packet sockets, and have one thread to send and one to hear. */
const AS_OTHERS = ['--senders', '2', '--send', 'packet', '--receive', 'ring'];

/** The plain command; and by packet sockets and two threads, as the others work. */
export const OURS: { readonly plain: Program; readonly asOthers: Program } = {
  plain: oursTo('SYN'),
  asOthers: oursTo('SYN', AS_OTHERS),
};

/** A SYN to each address. */
export const ZMAP: Program = {
  name: 'zmap',
  package: 'zmap',
  answersEach: 1,
  argv: ({ source, folder, prefix }) => [
    ...['zmap', '-i', interfaceTo('r1.0'), '-G', macOf(0, 'far'), '-S', source],
    ...['-C', '/dev/null', '-b', '/dev/null', '-q', '--disable-syslog'],
    ...['-p', CLOSED_PORT, '-T', '1', '-r', '0', '-c', '1', '-O', 'csv', '-f', 'saddr'],
    ...['--output-filter', 'success = 0 || success = 1', '-o', path.join(folder, 'zmap'), prefix],
  ],
  heard: ({ folder }) => linesOf(path.join(folder, 'zmap'), /^\d/gm),
};

/** The same. */
export const MASSCAN: Program = {
  name: 'masscan',
  package: 'masscan',
  answersEach: 1,
  argv: ({ source, folder, prefix }) => [
    ...['masscan', '-e', interfaceTo('r1.0'), '--router-mac', macOf(0, 'far')],
    ...['--source-ip', source, '-p', CLOSED_PORT, '--rate', `${UNLIMITED}`, '--wait', '1'],
    ...['--show', 'closed', '-oL', path.join(folder, 'masscan'), prefix],
  ],
  heard: ({ folder }) => linesOf(path.join(folder, 'masscan'), /^closed /gm),
};

/** UDP to the hops before each address, and to the address. */
export const SCAMPER: Program = {
  name: 'scamper',
  package: 'scamper',
  answersEach: 2,
  argv: ({ list, folder }) => [
    ...['scamper', '-c', 'trace -P udp-paris -q 1', '-p', SCAMPER_RATE_MAX],
    ...['-O', 'text', '-o', path.join(folder, 'scamper'), '-f', list],
  ],
  heard: ({ folder }) => linesOf(path.join(folder, 'scamper'), /^ *\d+ +\d+\.\d+\./gm),
};

/** `fantrace sweep`, asked what the others are. */
export function oursTo(
  what: 'SYN' | 'UDP',
  flags: readonly string[] = [],
  rate: number = UNLIMITED,
): Program {
  const probes = {
    SYN: ['--protocol', 'tcp', '-p', CLOSED_PORT, '--strategy', 'every-ttl', '--min-ttl', '32'],
    UDP: ['--protocol', 'udp', '--split-ttl', '1', '--max-ttl', '2'],
  }[what];
  const pace = ['--rate', '--per-prefix', '--per-interface'].flatMap((flag) => [flag, `${rate}`]);
  const asked = ['sweep', '--json', '--seed', '1', ...probes, ...pace];
  return {
    name: ['fantrace sweep', ...flags].join(' '),
    answersEach: { SYN: 1, UDP: 2 }[what],
    argv: ({ folder, prefix }) => {
      const output = path.join(folder, 'fantrace.jsonl');
      return [process.execPath, CLI, ...asked, ...flags, '-o', output, prefix];
    },
    heard: (_, stdout) => (JSON.parse(stdout) as { repliesReceived: number }).repliesReceived,
  };
}

function linesOf(file: string, line: RegExp): number {
  return readFileSync(file, 'utf8').match(line)?.length ?? 0;
}
