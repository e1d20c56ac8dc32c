/** A name server for tests: it answers TXT questions from a table, on the loopback. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HEADER_BYTES = 12;
const TXT = 16;
const NO_SUCH_NAME = 3;

export interface DnsStub {
  /** As `Resolver.setServers` takes it. */
  readonly server: string;
  /** The names that were asked for, in order. */
  readonly asked: readonly string[];
  close(): void;
}

/** @param table TXT records by name, in lower case; other names do not exist */
export async function openDnsStub(
  table: Readonly<Record<string, readonly string[]>>,
): Promise<DnsStub> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { port, address }) => {
    const name = nameIn(query);
    asked.push(name);
    socket.send(answerTo(query, table[name.toLowerCase()]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { server: `127.0.0.1:${socket.address().port}`, asked, close: () => socket.close() };
}

function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; query[at] !== 0; at += 1 + (query[at] ?? 0)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  }
  return labels.join('.');
}

function answerTo(query: Buffer, records: readonly string[] | undefined): Buffer {
  const questionEnd = HEADER_BYTES + nameIn(query).length + 2 + 4;
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8180 | (records === undefined ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(records?.length ?? 0, 6);
  header.writeUInt32BE(0, 8);
  const answers = (records ?? []).map((text) => {
    const bytes = Buffer.from(text);
    // The name of the question by reference, TXT, IN, 60 s, lengths.
    const head = Buffer.from([0xc0, HEADER_BYTES, 0, TXT, 0, 1, 0, 0, 0, 60, 0, bytes.length + 1]);
    return Buffer.concat([head, Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), ...answers]);
}
