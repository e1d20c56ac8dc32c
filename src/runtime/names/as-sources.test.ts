import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type DnsStub, openDnsStub } from '../../../test/support/dns-stub.ts';
import { mmdbOf } from '../../../test/support/mmdb.ts';
import { openAsLookup } from './as-sources.ts';

const HOSTILE = 'EVIL\u001b[2J\u202eNET';

describe('a database', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fantrace-mmdb-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function written(bytes: Uint8Array): string {
    const file = join(folder, 'test.mmdb');
    writeFileSync(file, bytes);
    return file;
  }

  const geolite = (asn: number, name: string) => ({
    autonomous_system_number: asn,
    autonomous_system_organization: name,
  });
  const NETWORKS = [
    { prefix: '192.0.2.0/24', fields: geolite(64_500, 'Example Net') },
    { prefix: '10.0.0.0/8', fields: geolite(4_200_000_000, HOSTILE) },
    { prefix: '10.1.0.0/16', fields: { asn: 'AS64501', as_name: 'Nearer' } },
    { prefix: '2001:db8::/32', fields: geolite(64_502, 'Six') },
    { prefix: '198.51.100.0/24', fields: { country: 'XX' } },
    { prefix: '203.0.113.0/24', fields: geolite(0, 'nobody') },
  ];

  test('tells number, name and prefix of either family', async () => {
    const lookup = await openAsLookup({ file: written(mmdbOf(NETWORKS)) });
    const asked = ['192.0.2.7', '10.2.3.4', '10.1.2.3', '2001:db8:1::5', '8.8.8.8', 'no address'];
    expect(await lookup.originsOf(asked)).toEqual(
      new Map([
        ['192.0.2.7', { asn: 64_500, name: 'Example Net', prefix: '192.0.2.0/24' }],
        [
          '10.2.3.4',
          { asn: 4_200_000_000, name: 'EVIL\\u{1b}[2J\\u{202e}NET', prefix: '10.2.0.0/15' },
        ],
        ['10.1.2.3', { asn: 64_501, name: 'Nearer', prefix: '10.1.0.0/16' }],
        ['2001:db8:1::5', { asn: 64_502, name: 'Six', prefix: '2001:db8::/32' }],
      ]),
    );
  });

  test('without a number of an AS tells nothing', async () => {
    const lookup = await openAsLookup({ file: written(mmdbOf(NETWORKS)) });
    expect(await lookup.originsOf(['198.51.100.1', '203.0.113.1'])).toEqual(new Map());
  });

  test.each([
    { shows: 'absent', file: () => join(folder, 'absent.mmdb'), said: /ENOENT/ },
    { shows: 'no MMDB', file: () => written(Buffer.from('plain text')), said: /no MMDB file/ },
    { shows: 'empty', file: () => written(Buffer.alloc(0)), said: /no MMDB file/ },
  ])('that is $shows is refused with what to do', async ({ file, said }) => {
    const opening = openAsLookup({ file: file() });
    await expect(opening).rejects.toMatchObject({ code: 'AS_DATABASE_UNREADABLE' });
    await expect(opening).rejects.toThrow(said);
  });

  test('that is damaged never fails, wherever a byte is wrong', async () => {
    const whole = mmdbOf(NETWORKS);
    for (let at = 0; at < whole.length; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      try {
        const lookup = await openAsLookup({ file: written(damaged) });
        const origins = await lookup.originsOf(['192.0.2.7', '10.1.2.3', '2001:db8::1']);
        for (const { asn } of origins.values()) expect(asn).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toMatchObject({ code: 'AS_DATABASE_UNREADABLE' });
      }
    }
  });
});

describe('the DNS', () => {
  let stub: DnsStub | undefined;
  afterEach(() => {
    stub?.close();
    stub = undefined;
  });

  const TABLE = {
    '7.100.51.198.origin.asn.cymru.com': ['64500 64501 | 198.51.100.0/24 | US | arin | 2000-01-01'],
    '1.1.1.1.origin.asn.cymru.com': [
      '64503 | 1.0.0.0/8 | AU | apnic | 2011-08-11',
      '64502 | 1.1.1.0/24 | AU | apnic | 2011-08-11',
    ],
    [`${'0.'.repeat(20)}1.0.0.0.8.b.d.0.1.0.0.2.origin6.asn.cymru.com`]: [
      '64504 | 2001:0db8::/32 | ZZ | none | 2001-01-01',
    ],
    'as64500.asn.cymru.com': [`64500 | US | arin | 2000-01-01 | ${HOSTILE}, US`],
    'as64502.asn.cymru.com': ['64502 | AU | apnic | 2011-08-10 | PIPES | IN, NAMES, AU'],
  };

  test('tells number, name and the nearest prefix, and is asked once', async () => {
    stub = await openDnsStub(TABLE);
    const lookup = await openAsLookup({ dns: true, servers: [stub.server] });
    const asked = ['198.51.100.7', '1.1.1.1', '2001:db8:1::', '8.8.8.8'];
    const origins = await lookup.originsOf(asked);
    expect(Object.fromEntries(origins)).toEqual({
      '198.51.100.7': {
        asn: 64_500,
        name: 'EVIL\\u{1b}[2J\\u{202e}NET, US',
        prefix: '198.51.100.0/24',
      },
      '1.1.1.1': { asn: 64_502, name: 'PIPES | IN, NAMES, AU', prefix: '1.1.1.0/24' },
      '2001:db8:1::': { asn: 64_504, name: null, prefix: '2001:db8::/32' },
    });
    const before = stub.asked.length;
    const again = await lookup.originsOf(['198.51.100.200', '8.8.8.8']);
    expect(again.get('198.51.100.200')?.asn).toBe(64_500);
    expect(stub.asked.slice(before)).toEqual([]);
  });

  test('hears nothing of addresses that are in no public network', async () => {
    stub = await openDnsStub({});
    const lookup = await openAsLookup({ dns: true, servers: [stub.server] });
    const local = [
      '10.0.0.1',
      '192.168.1.1',
      '172.16.0.1',
      '100.64.0.1',
      '169.254.0.1',
      '127.0.0.1',
    ];
    expect(await lookup.originsOf([...local, 'fe80::1', 'fc00::1', '::1', '224.0.0.1'])).toEqual(
      new Map(),
    );
    expect(stub.asked).toEqual([]);
  });

  test.each(['', 'rubbish', '| | |', 'AS | 1.1.1.0/24', '1 | 999.1.1.0/99 | x'])(
    'that answers %j does no harm',
    async (record) => {
      stub = await openDnsStub({ '1.1.1.1.origin.asn.cymru.com': [record] });
      const lookup = await openAsLookup({ dns: true, servers: [stub.server] });
      const origin = (await lookup.originsOf(['1.1.1.1'])).get('1.1.1.1');
      expect(origin ?? { prefix: null }).toMatchObject({ prefix: null });
    },
  );

  test('that does not answer is not waited for once aborted', async () => {
    stub = await openDnsStub({});
    const lookup = await openAsLookup({ dns: true, servers: ['127.0.0.1:9'] });
    expect(await lookup.originsOf(['1.1.1.1'], AbortSignal.abort())).toEqual(new Map());
  });
});
