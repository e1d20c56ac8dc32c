import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatIpPrefix } from '../../lib/ip-prefix.ts';
import { goDurationMs } from './go-duration.ts';
import { FlagMistake, readTracerouteCallerFlags, UsageWanted } from './traceroute-caller-flags.ts';
import { loadBalancerAddresses, writeSchemas } from './traceroute-caller-run.ts';

const read = (line: string, env: Record<string, string> = {}) =>
  readTracerouteCallerFlags(line === '' ? [] : line.split(' '), env);

describe('presets', () => {
  it('are those of v0.12', () => {
    expect(read('')).toMatchObject({
      compat: 'v0.12',
      tracers: ['scamper'],
      kind: 'tracelb',
      ptr: true,
      waitProbe: 25,
      timeoutMs: 900_000,
      cacheAgeMs: 600_000,
      output: '/var/spool/scamper1',
      hopOutput: '/var/spool/hopannotation1',
      listen: { host: undefined, port: 9990 },
      format: 'jsonl',
      isAnonymised: false,
      outputMax: 90_000_000,
    });
  });

  it('are those of v0.5 where that is asked for', () => {
    expect(read('-compat v0.5')).toMatchObject({
      waitProbe: undefined,
      timeoutMs: 300_000,
      cacheAgeMs: 120_000,
      pollIntervalMs: 5000,
      output: '/var/spool/scamper',
      socketPath: '/tmp/scamperctrl',
      keys: 'scamper',
    });
  });
});

describe('a command line', () => {
  it("is what M-Lab's pods have", () => {
    const line =
      '-IPCacheTimeout=10m -IPCacheUpdatePeriod=1m -scamper.timeout=30m -scamper.tracelb-W=15 ' +
      '-anonymize.ip=netblock -traceroute-output=/var/spool/ndt/scamper1 ' +
      '-hopannotation-output=/var/spool/ndt/hopannotation2 ' +
      '-prometheusx.listen-address=[::1]:9992 ' +
      '-tcpinfo.eventsocket=/var/local/tcpeventsocket.sock -ipservice.sock=/ip.sock';
    expect(read(line)).toMatchObject({
      timeoutMs: 1_800_000,
      waitProbe: 15,
      isAnonymised: true,
      output: '/var/spool/ndt/scamper1',
      hopOutput: '/var/spool/ndt/hopannotation2',
      listen: { host: '::1', port: 9992 },
      eventSocket: '/var/local/tcpeventsocket.sock',
      annotatorSocket: '/ip.sock',
    });
  });

  it.each([
    ['scamper-daemon-with-scamper-backup', ['scamper-daemon', 'scamper']],
    ['scamper-daemon-with-paris-backup', ['scamper-daemon', 'paris']],
    ['paris-traceroute', ['paris']],
    ['native', ['native']],
  ])('names %s', (tool, tracers) => {
    expect(read(`--tracetool ${tool}`).tracers).toEqual(tracers);
  });

  it('takes the time limit of the program that traces', () => {
    expect(read('-tracetool paris-traceroute -scamper.timeout 5m').timeoutMs).toBe(60_000);
  });

  it('knows flags by their names of other versions', () => {
    const line =
      '-outputPath /a -scamper.tracelb-ptr=false -ss-binary /bin/ss -scamper.sc_attach x';
    expect(read(line)).toMatchObject({ output: '/a', ptr: false });
    expect(read('-scamper.waitprobe 30 -scamper.tracelb-W 15').waitProbe).toBe(30);
  });

  it('has the environment below it', () => {
    const env = {
      SCAMPER_TIMEOUT: '1m',
      SCAMPER_TRACELB_W: '50',
      TRACEROUTE_OUTPUT: '/env',
      ANONYMIZE_IP: 'netblock',
      IPCACHETIMEOUT: '3m',
    };
    expect(read('-traceroute-output /line', env)).toMatchObject({
      timeoutMs: 60_000,
      waitProbe: 50,
      output: '/line',
      isAnonymised: true,
      cacheAgeMs: 180_000,
    });
  });

  it.each([
    ['-scamper.timeout 2h', '-scamper.timeout: 2h is not 1s to 1h'],
    ['-scamper.timeout 500ms', '-scamper.timeout: 500ms is not 1s to 1h'],
    ['-scamper.tracelb-W 14', '-scamper.tracelb-W: 14 is not 15 to 200'],
    ['-scamper.waitprobe 201', '-scamper.waitprobe: 201 is not 15 to 200'],
    ['-scamper.max-probes 49', '-scamper.max-probes: 49 is not 50 to 65535'],
    ['-output.format json', '-output.format: json is for -scamper.trace-type regular'],
    ['-poll=false', '-poll=false: name an event socket with -tcpinfo.eventsocket'],
    ['-tracetool paris-traceroute -anonymize.ip netblock', 'cannot be anonymised'],
    ['-ipservice.sock /a -asn-db cymru', '-ipservice.sock and -asn-db'],
    ['-prometheusx.listen-address 9990', 'is not HOST:PORT'],
    ['-prometheusx.listen-address :99999', 'is not HOST:PORT'],
    ['somewhere', 'takes no arguments but flags: somewhere'],
  ])('%s is refused', (line, message) => {
    expect(() => read(line)).toThrow(message);
    expect(() => read(line)).not.toThrow(UsageWanted);
  });

  it.each([
    ['-no-such-flag', 'flag provided but not defined: -no-such-flag'],
    ['-scamper.timeout soon', 'invalid value "soon" for flag -scamper.timeout: parse error'],
    ['-scamper.timeout=', 'invalid value "" for flag -scamper.timeout: parse error'],
    ['-poll=maybe', 'invalid boolean value "maybe" for -poll: parse error'],
    [
      '-scamper.trace-type both',
      'value "both" for flag -scamper.trace-type: "both" is not a valid option: [mda regular]',
    ],
    [
      '-tracetool mtr',
      'invalid value "mtr" for flag -tracetool: "mtr" is not a valid option: [scam',
    ],
    ['-anonymize.ip all', 'invalid value "all" for flag -anonymize.ip'],
    ['-output.format xml', 'invalid value "xml" for flag -output.format'],
    ['-output.keys some', 'invalid value "some" for flag -output.keys'],
    ['-compat v0.9', 'invalid value "v0.9" for flag -compat'],
  ])('%s is refused as Go does', (line, message) => {
    expect(() => read(line)).toThrow(FlagMistake);
    expect(() => read(line)).toThrow(message);
  });

  it('refuses what the environment has wrong, unless the line has it right', () => {
    const env = { TRACETOOL: 'mtr', SCAMPER_TIMEOUT: 'soon' };
    const message = 'in the environment: invalid value "soon" for flag -scamper.timeout';
    expect(() => read('', env)).toThrow(message);
    expect(() => read('', env)).not.toThrow(UsageWanted);
    expect(read('-tracetool native -scamper.timeout 9s', env)).toMatchObject({
      tracers: ['native'],
      timeoutMs: 9000,
    });
  });

  it('asks for the usage, which has every flag', () => {
    let usage = '';
    try {
      read('-help');
    } catch (error) {
      if (error instanceof UsageWanted) usage = error.usage;
    }
    expect(usage).toMatch(/^Usage of traceroute-caller:\n/);
    expect(usage).toContain('  -scamper.timeout duration\n');
    expect(usage).toContain('  -poll\n');
  });
});

it.each([
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['.5s', 500],
  ['250ms', 250],
  ['0', 0],
  ['', undefined],
  ['10', undefined],
  ['m', undefined],
  ['-1s', undefined],
  ['1s 2s', undefined],
])('the duration %j', (text, ms) => {
  expect(goDurationMs(text)).toBe(ms);
});

describe('the files of a pod', () => {
  function folderWith(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(tmpdir(), 'fantrace-metadata-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  }

  it.each([
    [{}, []],
    [{ loadbalanced: 'false\n', 'external-ip': '192.0.2.1' }, []],
    [{ loadbalanced: 'true', 'external-ip': '192.0.2.1\n' }, ['192.0.2.1/32']],
    [
      { loadbalanced: 'true', 'external-ip': '192.0.2.1/26', 'external-ipv6': '2001:db8::1/64' },
      ['192.0.2.1/32', '2001:db8::1/128'],
    ],
    [{ loadbalanced: 'true', 'external-ip': '192.0.2.1', 'external-ipv6': '' }, ['192.0.2.1/32']],
  ])('%j have the addresses %j', (files, addresses) => {
    expect(loadBalancerAddresses(folderWith(files)).map(formatIpPrefix)).toEqual(addresses);
  });

  it('that have no address where one should be are refused', () => {
    const folder = folderWith({ loadbalanced: 'true', 'external-ip': 'lb.example' });
    expect(() => loadBalancerAddresses(folder)).toThrow('has no address, but "lb.example"');
  });

  it('include the schemas of what is written', () => {
    const folder = join(folderWith({}), 'datatypes');
    writeSchemas(folder);
    const fields = JSON.parse(readFileSync(join(folder, 'scamper2.json'), 'utf8'));
    expect(fields[0]).toMatchObject({ name: 'Metadata', type: 'RECORD' });
    expect(JSON.parse(readFileSync(join(folder, 'hopannotation2.json'), 'utf8'))).toHaveLength(3);
    writeSchemas('');
  });
});
