/** The schema by which M-Lab's loader puts results into a table of BigQuery, from their shapes. */

import type { AnyGoShape } from './go-json.ts';
import { SINGLE_OBJECT } from './scamper-shapes.ts';

/** A column. */
export interface SchemaField {
  readonly name: string;
  readonly type: 'STRING' | 'FLOAT' | 'INTEGER' | 'BOOLEAN' | 'RECORD' | 'TIMESTAMP';
  readonly mode: 'NULLABLE' | 'REPEATED';
  readonly fields?: readonly SchemaField[];
}

const TYPES = {
  string: 'STRING',
  float64: 'FLOAT',
  int32: 'INTEGER',
  int64: 'INTEGER',
  bool: 'BOOLEAN',
} as const;

const GEO = {
  struct: {
    ContinentCode: 'string',
    CountryCode: 'string',
    CountryCode3: 'string',
    CountryName: 'string',
    Region: 'string',
    Subdivision1ISOCode: 'string',
    Subdivision1Name: 'string',
    Subdivision2ISOCode: 'string',
    Subdivision2Name: 'string',
    MetroCode: 'int64',
    City: 'string',
    PostalCode: 'string',
    AreaCode: 'int64',
    Latitude: 'float64',
    Longitude: 'float64',
    AccuracyRadiusKm: 'int64',
    Missing: 'bool',
  },
} as const;

const NETWORK = {
  struct: {
    CIDR: 'string',
    ASNumber: 'int64',
    ASName: 'string',
    Missing: 'bool',
    Systems: { list: { struct: { ASNs: { list: 'int64' } } } },
  },
} as const;

/** By the name of the datatype. */
export function datatypeSchemas(): Readonly<Record<'scamper2' | 'hopannotation2', SchemaField[]>> {
  const annotations = { struct: { Geo: GEO, Network: NETWORK } } as const;
  return {
    scamper2: fieldsOf(SINGLE_OBJECT.struct),
    hopannotation2: [
      { name: 'ID', type: 'STRING', mode: 'NULLABLE' },
      { name: 'Timestamp', type: 'TIMESTAMP', mode: 'NULLABLE' },
      fieldOf('Annotations', annotations),
    ],
  };
}

function fieldsOf(struct: Readonly<Record<string, AnyGoShape>>): SchemaField[] {
  return Object.entries(struct).map(([name, shape]) => fieldOf(name, shape));
}

function fieldOf(
  name: string,
  shape: AnyGoShape,
  mode: SchemaField['mode'] = 'NULLABLE',
): SchemaField {
  if (typeof shape === 'string') return { name, type: TYPES[shape], mode };
  if ('list' in shape) {
    const isNested = typeof shape.list !== 'string' && 'list' in shape.list;
    if (isNested) throw new TypeError(`${name}: a column has no lists of lists`);
    return fieldOf(name, shape.list, 'REPEATED');
  }
  return { name, type: 'RECORD', mode, fields: fieldsOf(shape.struct) };
}
