import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flawText, schemaFlaw } from './json-schema.ts';

const SCHEMA = {
  type: 'object',
  required: ['kind', 'hops'],
  properties: {
    kind: { enum: ['a', 'b'] },
    schema: { const: 'x/1' },
    port: { anyOf: [{ type: 'integer', minimum: 0, maximum: 65_535 }, { type: 'null' }] },
    hops: { type: 'array', minItems: 1, items: { $ref: '#/$defs/hop' } },
    counts: { type: 'object', additionalProperties: { type: 'integer' } },
  },
  $defs: {
    hop: {
      type: 'object',
      required: ['ttl'],
      properties: {
        ttl: { type: 'integer', minimum: 0, maximum: 255 },
        address: { type: 'string', pattern: '^[0-9a-f.:]+$' },
        as: { anyOf: [{ type: 'object', required: ['number'], properties: {} }, { type: 'null' }] },
      },
    },
  },
} as const;

const GOOD = { kind: 'a', hops: [{ ttl: 1, address: '10.0.0.1', as: null }], port: null };

const FLAWS = [
  { value: [], says: 'it must be an object, not an empty array' },
  { value: { ...GOOD, kind: undefined, hops: undefined }, says: 'kind must be one of "a", "b"' },
  { value: { kind: 'a' }, says: 'hops is missing' },
  { value: { ...GOOD, schema: 'x/2' }, says: 'schema must be "x/1", not "x/2"' },
  { value: { ...GOOD, hops: {} }, says: 'hops must be an array of 1 items or more, not an object' },
  { value: { ...GOOD, hops: [] }, says: 'not an empty array' },
  { value: { ...GOOD, hops: [{}] }, says: 'hops[0].ttl is missing' },
  {
    value: { ...GOOD, hops: [{ ttl: 256 }] },
    says: 'hops[0].ttl must be a whole number from 0 to 255, not 256',
  },
  { value: { ...GOOD, hops: [{ ttl: 1, as: {} }] }, says: 'hops[0].as.number is missing' },
  {
    value: { ...GOOD, port: 'http' },
    says: 'port must be a whole number from 0 to 65535 or null, not "http"',
  },
  { value: { ...GOOD, counts: { 'a b': 'x' } }, says: 'counts["a b"] must be a whole number' },
  { value: { ...GOOD, hops: [{ ttl: 1, address: 'é' }] }, says: 'hops[0].address must be a text' },
];

test.each(FLAWS)('$says', ({ value, says }) => {
  const flaw = schemaFlaw(SCHEMA, value);
  expect(flaw && flawText(flaw)).toContain(says);
});

test('what is right, and keys that nobody described, pass', () => {
  expect(schemaFlaw(SCHEMA, GOOD)).toBeUndefined();
  expect(schemaFlaw(SCHEMA, { ...GOOD, more: 1 })).toBeUndefined();
});

test('the text of a long value is cut', () => {
  const flaw = schemaFlaw(SCHEMA, { ...GOOD, kind: 'x'.repeat(1000) });
  expect(flaw?.complaint.length).toBeLessThan(100);
});

test('a schema that refers to nothing is a mistake of its maker', () => {
  expect(() => schemaFlaw({ $ref: '#/$defs/none' }, 1)).toThrow('no #/$defs/none');
});

test('it judges as ajv does', () => {
  const validate = new Ajv2020({ strict: false }).compile(SCHEMA);
  const leaf = fc.oneof(
    fc.constantFrom('a', 'b', 'x/1', '1', 'é'),
    fc.integer(),
    fc.constant(null),
  );
  const hop = fc.record({ ttl: leaf, address: leaf, as: leaf }, { requiredKeys: [] });
  const value = fc.record(
    {
      kind: fc.oneof(fc.constantFrom('a', 'b'), leaf),
      schema: leaf,
      port: fc.oneof(fc.integer({ min: -1, max: 65_536 }), leaf),
      hops: fc.oneof(fc.array(fc.oneof(hop, fc.record({ ttl: fc.nat(300) }))), leaf),
      counts: fc.oneof(fc.dictionary(fc.string(), leaf), leaf),
    },
    { requiredKeys: ['kind', 'hops'] },
  );
  fc.assert(
    fc.property(value, (each) => {
      expect(schemaFlaw(SCHEMA, each) === undefined).toBe(validate(each));
    }),
    { numRuns: 2000 },
  );
});
