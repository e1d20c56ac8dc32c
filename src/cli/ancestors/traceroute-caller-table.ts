/**
 * The flags of `traceroute-caller`, of every version of it, and ours beside them: presets are those
 * of v0.12, or of v0.5 with `-compat v0.5`.
 */

import type { GoFlag } from './go-flags.ts';

/** Versions whose presets and files there are. */
export type CompatVersion = 'v0.5' | 'v0.12';

const DURATION = 'duration';
const ACCEPTED = 'Accepted without effect: ';

/** By name, in the order of the usage. */
export const TRACEROUTE_CALLER_FLAGS = {
  IPCacheTimeout: {
    preset: '',
    valueName: DURATION,
    help: 'How long a trace answers for its address (10m; v0.5: 120s)',
  },
  IPCacheUpdatePeriod: {
    preset: '1m',
    valueName: DURATION,
    help: `${ACCEPTED}entries end when they are due`,
  },
  'anonymize.ip': { preset: 'none', help: 'Hide clients in results: none or netblock (/24, /48)' },
  'hopannotation-output': {
    preset: '/var/spool/hopannotation1',
    help: 'Folder of hop annotations',
  },
  'ipservice.sock': { preset: '', help: "Socket of M-Lab's annotator, for hop annotations" },
  'output.format': {
    preset: 'jsonl',
    help: 'Form of results: jsonl, or json with -scamper.trace-type regular',
  },
  outputPath: { preset: '', help: 'Folder of results, as -traceroute-output' },
  'paris.bin': { preset: 'paris-traceroute', help: 'The program paris-traceroute' },
  'paris.timeout': {
    preset: '60s',
    valueName: DURATION,
    help: 'A trace of paris-traceroute may take no longer',
  },
  poll: { preset: true, help: 'Watch the connections of this host where there is no event socket' },
  'prometheusx.listen-address': { preset: ':9990', help: 'Serve /metrics and /health there' },
  'scamper.bin': { preset: 'scamper', help: 'The program scamper' },
  'scamper.ptr': { preset: true, help: 'Look up names of hops' },
  'scamper.sc_attach': { preset: '', help: `${ACCEPTED}we speak to scamper ourselves` },
  'scamper.sc_warts2json': { preset: '', help: `${ACCEPTED}we have scamper write JSON` },
  'scamper.timeout': {
    preset: '',
    valueName: DURATION,
    help: 'A trace may take no longer: 1s to 1h (900s; v0.5: 300s)',
  },
  'scamper.trace-type': { preset: 'mda', help: 'All paths, or one: mda or regular' },
  'scamper.tracelb-W': { preset: 0, help: 'Old name of -scamper.waitprobe' },
  'scamper.tracelb-ptr': { preset: true, help: 'Old name of -scamper.ptr' },
  'scamper.unixsocket': { preset: '/tmp/scamperctrl', help: "Control socket of scamper's daemon" },
  'scamper.waitprobe': { preset: 0, help: 'Between probes, in 10 ms: 15 to 200 (25; v0.5: none)' },
  'ss-binary': { preset: '', help: `${ACCEPTED}the kernel is asked itself` },
  'tcpinfo.eventsocket': {
    preset: '',
    help: "tcp-info's event socket; without it the kernel is asked",
  },
  'traceroute-output': {
    preset: '',
    help: 'Folder of results (/var/spool/scamper1; v0.5: /var/spool/scamper)',
  },
  tracetool: {
    preset: 'scamper',
    help:
      'Who traces: scamper, scamper-daemon, scamper-daemon-with-scamper-backup, ' +
      'scamper-daemon-with-paris-backup, paris-traceroute, or native',
  },
  'uuid-prefix-file': { preset: '', help: 'File with what names of connections begin with' },
  waitTime: { preset: '5s', valueName: DURATION, help: 'Between dumps of all connections' },
  // Not in the original.
  'asn-db': {
    preset: '',
    help: 'Annotate hops from this MMDB file of autonomous systems; cymru asks the DNS',
  },
  compat: { preset: 'v0.12', help: 'Presets and files of this version: v0.12 or v0.5' },
  concurrency: { preset: 500, help: 'Traces at a time' },
  'datatypes-output': {
    preset: '/var/spool/datatypes',
    help: 'Folder for the schemas of results; empty for none',
  },
  drain: { preset: '30s', valueName: DURATION, help: 'How long traces may go on after a stop' },
  'output.keys': {
    preset: 'all',
    help: 'Keys of results: all that scamper has, or go for those of v0.12 alone',
  },
  'output.max-bytes': { preset: 90_000_000, help: 'A larger result is none' },
  'scamper.max-probes': { preset: 0, help: 'Probes of a trace at most: 50 to 65535 (3000)' },
  'scamper.pps': { preset: 10_000, help: "Packets a second of scamper's daemon: 1 to 10000" },
} as const satisfies Record<string, GoFlag>;

/** What versions have differently. */
export const VERSION_PRESETS = {
  'v0.5': { cacheAge: '120s', timeout: '300s', output: '/var/spool/scamper', waitProbe: undefined },
  'v0.12': { cacheAge: '10m', timeout: '900s', output: '/var/spool/scamper1', waitProbe: 25 },
} as const;
