import { describe, expect, test } from 'vitest';
import { readFbtracertFlags, UsageWanted } from './fbtracert-flags.ts';
import { GoFlagError, goUsage, parseGoFlags } from './go-flags.ts';

const GO = {
  n: { preset: 7, help: 'A number' },
  quiet: { preset: false, help: 'Say less' },
  name: { preset: '', help: 'A name' },
  b: { preset: false, help: 'Short' },
} as const;

describe('flags as Go reads them', () => {
  test.each([
    { argv: [], n: 7 },
    { argv: ['-n', '5'], n: 5 },
    { argv: ['--n', '5'], n: 5 },
    { argv: ['-n=5'], n: 5 },
    { argv: ['--n=5', '-n', '6'], n: 6 },
    { argv: ['-n', '-5'], n: -5 },
    { argv: ['-n=+5'], n: 5 },
    { argv: ['-n=0x1F'], n: 31 },
    { argv: ['-n=0b101'], n: 5 },
    { argv: ['-n=0o17'], n: 15 },
    { argv: ['-n=017'], n: 15 },
    { argv: ['-n=1_000'], n: 1000 },
    { argv: ['-n=0'], n: 0 },
  ])('$argv makes n $n', ({ argv, n }) => {
    expect(parseGoFlags(argv, GO).values.n).toBe(n);
  });

  test.each([
    { argv: ['-quiet'], quiet: true, rest: [] },
    { argv: ['-quiet=false'], quiet: false, rest: [] },
    { argv: ['-quiet=T'], quiet: true, rest: [] },
    { argv: ['-quiet', 'false'], quiet: true, rest: ['false'] },
    { argv: ['--', '-quiet'], quiet: false, rest: ['-quiet'] },
    { argv: ['a', '-quiet', 'b'], quiet: true, rest: ['a', 'b'] },
    { argv: ['-', '-quiet'], quiet: true, rest: ['-'] },
    { argv: ['', '-quiet'], quiet: true, rest: [''] },
  ])('$argv makes quiet $quiet and leaves $rest', ({ argv, quiet, rest }) => {
    const { values, rest: left } = parseGoFlags(argv, GO);
    expect({ quiet: values.quiet, rest: left }).toEqual({ quiet, rest });
  });

  test('an equals sign belongs to the value from the second on', () => {
    expect(parseGoFlags(['-name=a=b'], GO).values.name).toBe('a=b');
    expect(parseGoFlags(['-name='], GO).values.name).toBe('');
  });

  test('the line knows which flags it had', () => {
    expect([...parseGoFlags(['-n', '7', 'x'], GO).given]).toEqual(['n']);
  });

  test.each(['-h', '--h', '-help', '--help'])('%s asks for help', (flag) => {
    expect(parseGoFlags([flag, '-wrong'], GO).isHelpWanted).toBe(true);
  });

  test.each([
    { argv: ['-wrong'], message: 'flag provided but not defined: -wrong' },
    { argv: ['--wrong=1'], message: 'flag provided but not defined: -wrong' },
    { argv: ['---n'], message: 'bad flag syntax: ---n' },
    { argv: ['-=5'], message: 'bad flag syntax: -=5' },
    { argv: ['-n'], message: 'flag needs an argument: -n' },
    { argv: ['-n', 'x'], message: 'invalid value "x" for flag -n: parse error' },
    { argv: ['-n='], message: 'invalid value "" for flag -n: parse error' },
    { argv: ['-n=1.5'], message: 'invalid value "1.5" for flag -n: parse error' },
    { argv: ['-n=08'], message: 'invalid value "08" for flag -n: parse error' },
    {
      argv: ['-n=99999999999999999999'],
      message: 'invalid value "99999999999999999999" for flag -n: value out of range',
    },
    { argv: ['-quiet=maybe'], message: 'invalid boolean value "maybe" for -quiet: parse error' },
  ])('$argv is refused with Go’s words', ({ argv, message }) => {
    expect(() => parseGoFlags(argv, GO)).toThrow(new GoFlagError(message));
  });

  test('the help is laid out as Go does', () => {
    expect(goUsage('x', GO)).toBe(
      'Usage of x:\n' +
        '  -b\tShort\n' +
        '  -n int\n    \tA number (default 7)\n' +
        '  -name string\n    \tA name\n' +
        '  -quiet\n    \tSay less\n',
    );
  });
});

describe('the flags of fbtracert', () => {
  test('have the presets of the original', () => {
    expect(readFbtracertFlags(['a.example'])).toMatchObject({
      maxTTL: 30,
      minTTL: 1,
      maxSrcPorts: 256,
      maxTime: 60,
      targetPort: 22,
      probeRate: 96,
      tosValue: 140,
      numResolvers: 32,
      family: 4,
      maxColumns: 4,
      showAll: false,
      srcAddr: '',
      jsonOutput: false,
      baseSrcPort: 32768,
      logtostderr: false,
      fixedTime: false,
      seed: undefined,
      target: 'a.example',
    });
  });

  test('may stand behind the target', () => {
    const flags = readFbtracertFlags(['a.example', '-maxTime', '10', '--addrFamily=ip6']);
    expect(flags).toMatchObject({ target: 'a.example', maxTime: 10, family: 6 });
  });

  test('with those of logging are accepted', () => {
    const line =
      '-logtostderr -v 4 -alsologtostderr=false -stderrthreshold=WARNING -vmodule a=2 ' +
      '-log_backtrace_at main.go:1 -log_dir /tmp a.example';
    expect(readFbtracertFlags(line.split(' '))).toMatchObject({
      logtostderr: true,
      target: 'a.example',
    });
  });

  test.each([
    { argv: [], message: /^Must specify a target$/ },
    { argv: [''], message: /^Must specify a target$/ },
    { argv: ['-simulate', 'healthy-fabric', ' '], message: /^Must specify a target$/ },
    { argv: ['a', '-seed', '-1'], message: /^-seed: -1 is not 0 to 4294967295$/ },
    { argv: ['a', '-seed', '4294967296'], message: /^-seed: 4294967296 is not 0 to 4294967295$/ },
    { argv: ['a', 'b'], message: /more than one target: a b/ },
    { argv: ['a', '-maxTTL', '0'], message: /-maxTTL: 0 is not 1 to 255/ },
    { argv: ['a', '-maxTTL', '256'], message: /-maxTTL: 256 is not 1 to 255/ },
    { argv: ['a', '-minTTL', '0'], message: /-minTTL: 0 is not/ },
    { argv: ['a', '-minTTL', '9', '-maxTTL', '8'], message: /-minTTL: 9 is above -maxTTL/ },
    { argv: ['a', '-maxSrcPorts', '0'], message: /-maxSrcPorts: 0 is not 1 to 4096/ },
    { argv: ['a', '-maxColumns', '0'], message: /-maxColumns: 0 is not/ },
    { argv: ['a', '-targetPort', '65536'], message: /-targetPort: 65536 is not 1 to 65535/ },
    { argv: ['a', '-tosValue', '256'], message: /-tosValue: 256 is not 0 to 255/ },
    { argv: ['a', '-probeRate', '0'], message: /-probeRate: 0 is not/ },
    { argv: ['a', '-numResolvers', '-1'], message: /-numResolvers: -1 is not/ },
    { argv: ['a', '-addrFamily', 'ip5'], message: /-addrFamily: "ip5" is neither ip4 nor ip6/ },
    { argv: ['a', '-baseSrcPort', '65281'], message: /-baseSrcPort: 65281 is not 1 to 65280/ },
    { argv: ['a', '-simulate', 'x', '-srcAddr', '::1'], message: /-srcAddr: a simulated/ },
    { argv: ['a', '-maxTime', '5'], message: /^Number of iterations too low/ },
  ])('$argv is a mistake', ({ argv, message }) => {
    expect(() => readFbtracertFlags(argv)).toThrow(message);
  });

  test.each([
    { argv: ['-v', 'a'], says: 'for flag -v: strconv.Atoi: parsing "a": invalid syntax' },
    { argv: ['-stderrthreshold', 'a', 'b'], says: 'for flag -stderrthreshold: strconv.Atoi: ' },
    { argv: ['-vmodule', 'a', 'b'], says: 'for flag -vmodule: syntax error: expect comma-sep' },
    { argv: ['-log_backtrace_at', 'a', 'b'], says: 'syntax error: expect file.go:234' },
    { argv: ['-seed', 'a'], says: 'invalid value "a" for flag -seed: parse error' },
    { argv: ['-seed=', 'a'], says: 'invalid value "" for flag -seed: parse error' },
  ])('$argv: a target is not swallowed as the value of a flag', ({ argv, says }) => {
    expect(() => readFbtracertFlags(argv)).toThrow(says);
    expect(() => readFbtracertFlags(argv)).toThrow(UsageWanted);
  });

  test('unknown ones show the usage, as a mistake; -h shows it without one', () => {
    const thrownBy = (argv: string[]): unknown => {
      try {
        return readFbtracertFlags(argv);
      } catch (error) {
        return error;
      }
    };
    expect(thrownBy(['-wrong'])).toBeInstanceOf(UsageWanted);
    expect(thrownBy(['-wrong'])).toMatchObject({
      isMistake: true,
      message: 'flag provided but not defined: -wrong',
      usage: expect.stringMatching(/^Usage of fbtracert:\n {2}-addrFamily string\n/),
    });
    expect(thrownBy(['-h'])).toMatchObject({ isMistake: false });
  });
});
