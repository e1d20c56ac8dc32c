/** Writes small databases in MaxMind's format (MMDB 2.0), for tests: IPv6 trees of 24-bit records. */

import { parseIpAddress } from '../../src/lib/ip-address.ts';

/** A network, and what is known of it. */
export interface MmdbNetwork {
  readonly prefix: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

type Node = [Branch, Branch];
type Branch = Node | { readonly dataAt: number } | undefined;

const RECORD_BITS = 24;
const DATA_SEPARATOR_BYTES = 16;
const METADATA_MARK = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const TYPE = { string: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11 } as const;

/** The whole file. */
export function mmdbOf(networks: readonly MmdbNetwork[]): Buffer {
  const root: Node = [undefined, undefined];
  const chunks: Buffer[] = [];
  let dataBytes = 0;
  for (const { prefix, fields } of networks) {
    const data = mapOf(Object.entries(fields).map(([key, value]) => [key, encoded(value)]));
    insert(root, bitsOf(prefix), { dataAt: dataBytes });
    chunks.push(data);
    dataBytes += data.length;
  }
  const nodes = flattened(root);
  const tree = Buffer.concat(nodes.map((node) => recordsOf(node, nodes)));
  const separator = Buffer.alloc(DATA_SEPARATOR_BYTES);
  return Buffer.concat([tree, separator, ...chunks, METADATA_MARK, metadataOf(nodes.length)]);
}

function metadataOf(nodeCount: number): Buffer {
  return mapOf([
    ['binary_format_major_version', numberOf(TYPE.uint16, 2)],
    ['binary_format_minor_version', numberOf(TYPE.uint16, 0)],
    ['build_epoch', numberOf(TYPE.uint64, 1_700_000_000)],
    ['database_type', stringOf('GeoLite2-ASN')],
    ['description', mapOf([['en', stringOf('for tests')]])],
    ['ip_version', numberOf(TYPE.uint16, 6)],
    ['languages', headed(TYPE.array, 0, Buffer.alloc(0))],
    ['node_count', numberOf(TYPE.uint32, nodeCount)],
    ['record_size', numberOf(TYPE.uint16, RECORD_BITS)],
  ]);
}

/** IPv4 networks are in ::/96. */
function bitsOf(prefix: string): number[] {
  const [text = '', length] = prefix.split('/');
  const address = parseIpAddress(text);
  if (address === undefined) throw new RangeError(`no prefix: ${prefix}`);
  const before = address.length === 4 ? Array.from({ length: 96 }, () => 0) : [];
  const bits = [...address].flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((i) => (byte >> i) & 1));
  return [...before, ...bits.slice(0, Number(length))];
}

function insert(root: Node, bits: readonly number[], leaf: Branch): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node[bit as 0 | 1];
    const child: Node = Array.isArray(next) ? next : [next, next];
    node[bit as 0 | 1] = child;
    node = child;
  }
  node[bits.at(-1) as 0 | 1] = leaf;
}

function flattened(root: Node): Node[] {
  const nodes = [root];
  for (const node of nodes) nodes.push(...node.filter((branch) => Array.isArray(branch)));
  return nodes;
}

function recordsOf(node: Node, nodes: readonly Node[]): Buffer {
  const buffer = Buffer.alloc((2 * RECORD_BITS) / 8);
  for (const [i, branch] of node.entries()) {
    let value = nodes.length; // nothing there
    if (Array.isArray(branch)) value = nodes.indexOf(branch);
    else if (branch !== undefined) value = nodes.length + DATA_SEPARATOR_BYTES + branch.dataAt;
    buffer.writeUIntBE(value, (i * RECORD_BITS) / 8, RECORD_BITS / 8);
  }
  return buffer;
}

function encoded(value: string | number): Buffer {
  return typeof value === 'string' ? stringOf(value) : numberOf(TYPE.uint32, value);
}

function mapOf(entries: readonly (readonly [key: string, value: Buffer])[]): Buffer {
  const pairs = entries.flatMap(([key, value]) => [stringOf(key), value]);
  return headed(TYPE.map, entries.length, Buffer.concat(pairs));
}

function stringOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return headed(TYPE.string, bytes.length, bytes);
}

function numberOf(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  const used = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return headed(type, value === 0 ? 0 : used.length, value === 0 ? Buffer.alloc(0) : used);
}

/** The control byte: type and size, types above 7 in a byte of their own, sizes up to 284. */
function headed(type: number, size: number, payload: Buffer): Buffer {
  const isExtended = type > 7;
  const low = Math.min(size, 29);
  const head = [((isExtended ? 0 : type) << 5) | low];
  if (isExtended) head.push(type - 7);
  if (low === 29) head.push(size - 29);
  return Buffer.concat([Buffer.from(head), payload]);
}
