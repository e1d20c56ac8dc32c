/**
 * Accepts every TCP connection to a port, closes it, and says so when it is ready.
 * Usage: target-listener.mjs PORT BACKLOG
 */

import { createServer } from 'node:net';

const [port, backlog] = process.argv.slice(2).map(Number);
const server = createServer((socket) => {
  socket.on('error', () => {}); // the prober resets what it never meant to open
  socket.end();
});
server.listen({ host: '::', port, backlog }, () => console.log('listening'));
