import { describe, expect, it } from 'vitest';
import { connectionOf, parseUnmapped } from './connection.ts';

const PARTS = {
  localPort: 443,
  remotePort: 51_044,
  cookie: 0xffff_ffff_ffff_fff1n,
  uuid: null,
  hasRetransmitted: false,
};

describe('connectionOf', () => {
  it('makes IPv4 of IPv4-mapped addresses', () => {
    const local = parseUnmapped('::ffff:10.0.0.1') ?? new Uint8Array();
    const remote = new Uint8Array([...new Uint8Array(10), 0xff, 0xff, 192, 0, 2, 7]);
    expect(connectionOf({ ...PARTS, local, remote })).toEqual({
      ...PARTS,
      family: 4,
      localAddress: '10.0.0.1',
      remoteAddress: '192.0.2.7',
    });
  });

  it('keeps IPv6 and writes it canonically', () => {
    const local = parseUnmapped('fd00:0:0::1') ?? new Uint8Array();
    const remote = parseUnmapped('FD00::00AB') ?? new Uint8Array();
    expect(connectionOf({ ...PARTS, local, remote })).toMatchObject({
      family: 6,
      localAddress: 'fd00::1',
      remoteAddress: 'fd00::ab',
    });
  });
});
