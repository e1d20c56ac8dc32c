/**
 * Sends numbered datagrams of one flow, as fast as the kernel takes them.
 * Usage: udp-burst.mjs ADDRESS PORT SOURCE_PORT COUNT [TTL]
 */

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [address = '', ...numbers] = process.argv.slice(2);
const [port = 0, sourcePort = 0, count = 0, ttl = 64] = numbers.map(Number);
const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');

await new Promise((resolve) => socket.bind(sourcePort, () => resolve(undefined)));
socket.setTTL(ttl);
for (let i = 0; i < count; i++) await sent(i);
socket.close();

/** @param {number} i */
function sent(i) {
  return new Promise((resolve, reject) => {
    const whenDone = (/** @type {Error | null} */ error) =>
      error === null ? resolve(undefined) : reject(error);
    socket.send(String(i), port, address, whenDone);
  });
}
