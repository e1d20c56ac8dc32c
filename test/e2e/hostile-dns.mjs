/**
 * Runs a command beside a DNS server on 127.0.0.1 port 53 whose every PTR record holds bytes that
 * a terminal acts on; exits with the command's status. Meant for a network namespace of its own.
 */

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';

const HEADER_BYTES = 12;
/** RFC 1035 §3.1: each label behind its length; the first rings and sets a colour. */
const NAME = Buffer.concat(
  ['\u001b[31mevil\u0007', 'example', 'net', ''].map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  ),
);

const server = createSocket('udp4');
server.on('message', (query, { port, address }) => server.send(answerTo(query), port, address));
server.bind(53, '127.0.0.1', () => {
  const [file = '', ...args] = process.argv.slice(2);
  spawn(file, args, { stdio: 'inherit' }).on('close', (status) => {
    process.exitCode = status ?? 1;
    server.close();
  });
});

/**
 * @param {Buffer} query
 * @returns {Buffer} a response with one PTR record (RFC 1035 §4.1)
 */
function answerTo(query) {
  const questionEnd = query.indexOf(0, HEADER_BYTES) + 5;
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8580, 2); // a response, authoritative, recursion as asked for
  header.writeUInt16BE(1, 6);
  header.writeUInt32BE(0, 8); // no further sections
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0); // the name of the question (§4.1.4)
  record.writeUInt16BE(12, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(NAME.length, 10);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), record, NAME]);
}
