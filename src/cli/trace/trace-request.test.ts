import { describe, expect, test } from 'vitest';
import { buildProgram } from '../program.ts';
import { foreignFlagAdvice, type TraceFlags } from './trace-flags.ts';
import { inFlagNames, optionsOf, targetsOf } from './trace-request.ts';

/** What commander makes of a command line. */
function flagsOf(...argv: readonly string[]): TraceFlags {
  const command = buildProgram().commands.find((each) => each.name() === 'trace');
  if (command === undefined) throw new Error('there is no such command');
  command.parseOptions([...argv]);
  return command.opts() as TraceFlags;
}

const FLAGS = flagsOf();

describe('targets', () => {
  test('are taken as they are given', async () => {
    expect(await targetsOf(['a', '192.0.2.1'], FLAGS)).toEqual(['a', '192.0.2.1']);
  });

  test('need not be given for a simulation', async () => {
    expect(await targetsOf([], { ...FLAGS, simulate: 'any' })).toEqual(['the simulated target']);
    await expect(targetsOf([], FLAGS)).rejects.toThrow('no target given');
  });

  test('are not the packet length that traceroute takes behind the host', async () => {
    await expect(targetsOf(['a', '1400'], FLAGS)).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('--packet-size 1400'),
    });
  });
});

describe('flags of traceroute', () => {
  test.each([
    { argv: ['-T'], options: { protocol: 'tcp' } },
    { argv: ['-I'], options: { protocol: 'icmp' } },
    { argv: ['-U'], options: { protocol: 'udp', port: 53 } },
    { argv: ['-U', '-p', '5353'], options: { protocol: 'udp', port: 5353 } },
    { argv: ['-M', 'tcp-ack'], options: { protocol: 'tcp-ack' } },
    { argv: ['-w', '2'], options: { timeoutMs: 2000 } },
    { argv: ['-w', '0.5'], options: { timeoutMs: 500 } },
    { argv: ['-w', '300ms'], options: { timeoutMs: 300 } },
    { argv: ['-z', '0.5'], options: { rate: 2 } }, // up to 10 they are seconds
    { argv: ['-z', '50'], options: { rate: 20 } }, // above, milliseconds
    { argv: ['-z', '4s'], options: { rate: 0.25 } },
    { argv: ['-l', '9'], options: { flowLabel: 9 } },
    { argv: ['-q', '1', '-N', '4', '-f', '2', '-m', '9'], options: { queries: 1, firstTtl: 2 } },
    { argv: ['-n', '-e', '-F'], options: { names: false } },
    { argv: ['--fragment'], options: { dontFragment: false } },
    { argv: ['-A'], options: { asDns: true } },
  ])('$argv', ({ argv, options }) => {
    expect(optionsOf(flagsOf(...argv))).toMatchObject(options);
  });

  test('no pause is the default pace', () => {
    expect(optionsOf(flagsOf('-z', '0'))).not.toHaveProperty('rate');
  });

  test.each([
    ['-w', '11'],
    ['-w', '1h'],
    ['-w', '3,5,10'],
    ['-z', '11s'],
    ['-z', '-1'],
  ])('%s %s is refused, with its range', (flag, value) => {
    expect(() => flagsOf(flag, value)).toThrow(/is not a duration.*(10 s)$/);
  });

  test('that have another name here, or none, are told', () => {
    expect(foreignFlagAdvice('--max-hops=4')).toBe('it is --max-ttl here');
    expect(foreignFlagAdvice('--colour')).toBeUndefined();
  });
});

describe('what does not fit together', () => {
  test.each([
    { argv: ['-I', '-p', '7'], says: /^--port: ICMP has no ports/ },
    { argv: ['-f', '9', '-m', '3'], says: /^--first-ttl: 9 is above --max-ttl, which is 3/ },
  ])('$argv', ({ argv, says }) => {
    expect(() => optionsOf(flagsOf(...argv))).toThrow(says);
  });

  test('is told by the name of the flag where only the target shows it', () => {
    const error = new RangeError('packetBytes must be at least 34 for udp, got 29');
    expect(inFlagNames(error)).toMatchObject({
      code: 'USAGE',
      message: '--packet-size must be at least 34 for udp, got 29',
    });
    const other = new Error('no route');
    expect(inFlagNames(other)).toBe(other);
  });
});
