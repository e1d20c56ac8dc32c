/**
 * One run of our sender in the network namespace that it was started in, for `kernel-rate`; the
 * arguments are those of `sender.c`, with the way in front: `link` for the packet link alone, with
 * packets patched as the C program does, `engine` for the whole probing engine, `engine-frames` for
 * the same by a packet socket; each with `-ring` behind it for a receive ring, `engine-stamps` and
 * `engine-ring-stamps` with the kernel's send times. Prints one JSON line.
 */

import { AddressSet, parseAddressRange } from '../../src/lib/address-ranges.ts';
import { formatIpAddress, parseIpAddress } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import { AddressBook } from '../../src/model/address-book.ts';
import { completeFlow, type Flow } from '../../src/probing/flow.ts';
import { ProbeEngine } from '../../src/probing/probe-engine.ts';
import { ProbeWriter } from '../../src/probing/probe-packet.ts';
import { TOKEN_KEY_WORDS } from '../../src/probing/probe-token.ts';
import { monotonicUs } from '../../src/runtime/clock.ts';
import { gatewaysTo } from '../../src/runtime/host/next-hop.ts';
import { ringDeviceFor } from '../../src/runtime/host/ring-device.ts';
import { openRawLink, type RawLink } from '../../src/runtime/links/raw-link.ts';

const FIRST_PORT = 32_768;
const FLOWS = 64;
/** Orders in the queue at a time: enough for a batch, few enough for the cache. */
const QUEUED = 1024;
const WARM_UP = 50_000;
/** What has not come after so long will not. */
const PATIENCE_US = 500_000;

interface Task {
  readonly isReplyWanted: boolean;
  readonly batch: number;
  readonly count: number;
  readonly flows: readonly Flow[];
  readonly ttl: number;
  readonly hasSendTimes: boolean;
}

/** @returns the exit status */
export async function main(argv: readonly string[]): Promise<number> {
  const [way = '', mode, batch, count, source = '', destination = '', ttl] = argv;
  const ends = { source: bytesOf(source), destination: bytesOf(destination), destinationPort: 443 };
  const flows = Array.from({ length: FLOWS }, (_, i) =>
    completeFlow({ ...ends, tos: 0, sourcePort: FIRST_PORT + i, flowLabel: 0 }),
  );
  const task = {
    isReplyWanted: mode === 'reply',
    batch: Number(batch),
    count: Number(count),
    flows,
    ttl: Number(ttl),
    hasSendTimes: way.endsWith('-stamps'),
  };
  const link = openRawLink({
    family: 4,
    source: ends.source,
    nextHops: way.startsWith('engine-frames')
      ? await gatewaysTo(only(ends.destination), ends.source)
      : undefined,
    ringDevice: way.includes('-ring') ? ringDeviceFor(ends) : undefined,
    hasSendTimes: task.hasSendTimes,
    ports: { low: FIRST_PORT, high: FIRST_PORT + FLOWS - 1 },
    onReadable: () => {},
  });
  try {
    const run = way.startsWith('link') ? runLink : runEngine;
    run(link, { ...task, count: WARM_UP }); // code that is compiled by then
    const startedUs = monotonicUs();
    const before = process.cpuUsage();
    const replies = run(link, task);
    const { user, system } = process.cpuUsage(before);
    const wallSeconds = (monotonicUs() - startedUs) / 1e6;
    const processorSeconds = (user + system) / 1e6;
    const peakMib = process.resourceUsage().maxRSS / 1024;
    const outcome = { packets: task.count, replies, wallSeconds, processorSeconds, peakMib };
    console.log(JSON.stringify(outcome));
    return 0;
  } finally {
    link.close();
  }
}

/** The packets alone: what tells them apart is patched, as in `sender.c`. */
function runLink(link: RawLink, { isReplyWanted, batch, count, flows, ttl }: Task): number {
  const { outbox } = link;
  const { bytes, slotBytes, lengths } = outbox;
  const flow = flows[0] as Flow;
  for (let slot = 0; slot < outbox.slots; slot++) {
    const start = slot * slotBytes;
    const fields = { ttl, token: 0, portOffset: 0 };
    lengths[slot] =
      new ProbeWriter().write(bytes, start, { ...flow, sourcePort: 0 }, fields) - start;
  }
  const constant = ~(((bytes[36] ?? 0) << 8) | (bytes[37] ?? 0)) & 0xffff;
  let sent = 0;
  let replies = 0;
  const take = (): void => {
    replies++;
  };
  while (sent < count) {
    const size = Math.min(batch, count - sent);
    for (let i = 0; i < size; i++) patch(bytes, i * slotBytes, { number: sent + i, constant });
    sent += link.send(size, 0).accepted;
    if (isReplyWanted) link.receive(0, take);
  }
  const deadlineUs = monotonicUs() + PATIENCE_US;
  while (isReplyWanted && replies < sent && monotonicUs() < deadlineUs) link.receive(0, take);
  return replies;
}

function patch(
  bytes: Uint8Array,
  at: number,
  { number, constant }: { readonly number: number; readonly constant: number },
): void {
  const port = FIRST_PORT + (number & 63);
  const [high, low] = [number >>> 16, number & 0xffff];
  bytes[at + 4] = low >> 8;
  bytes[at + 5] = (low & 0xff) | 1;
  bytes[at + 20] = port >> 8;
  bytes[at + 21] = port;
  bytes[at + 24] = high >> 8;
  bytes[at + 25] = high;
  bytes[at + 26] = low >> 8;
  bytes[at + 27] = low;
  let sum = constant + port + high + low;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = ~((sum & 0xffff) + (sum >>> 16));
  bytes[at + 36] = sum >> 8;
  bytes[at + 37] = sum;
}

/** Everything: orders, pace without a limit, tokens, matching. */
function runEngine(link: RawLink, task: Task): number {
  const { isReplyWanted, batch, count, flows, ttl, hasSendTimes } = task;
  let replies = 0;
  const sink = {
    replied: (): void => {
      replies++;
    },
    repliedLate() {},
    lost() {},
    unsent() {},
  };
  const random = new Random(1);
  const [flow] = flows as [Flow];
  const engine = new ProbeEngine(
    {
      ...flow,
      flows,
      tokenKey: Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32()),
      rates: { perInterface: 1e9, total: 1e9 },
      random,
      addresses: new AddressBook(),
      hasSendTimes,
    },
    sink,
  );
  const outbox = { ...link.outbox, slots: batch };
  const stamp = (sequence: number, atUs: number): void => engine.noteSendTime(sequence, atUs);
  const handle = (packet: Uint8Array, atUs: number): void => engine.handle(packet, atUs);
  let ordered = 0;
  while (ordered < count || engine.queued > 0) {
    while (ordered < count && engine.queued < QUEUED) {
      engine.order(ordered % FLOWS, ttl, 0);
      ordered++;
    }
    const nowUs = monotonicUs();
    const polled = engine.poll(outbox, nowUs);
    if (polled > 0) engine.confirm(link.send(polled, nowUs), nowUs, monotonicUs());
    if (hasSendTimes) link.sendTimes?.(stamp);
    if (isReplyWanted) link.receive(nowUs, handle);
    engine.advance(nowUs);
  }
  const deadlineUs = monotonicUs() + PATIENCE_US;
  while (isReplyWanted && replies < count && monotonicUs() < deadlineUs) {
    if (hasSendTimes) link.sendTimes?.(stamp);
    link.receive(0, handle);
  }
  return replies;
}

function only(address: Uint8Array): AddressSet {
  const range = parseAddressRange(formatIpAddress(address));
  if (typeof range === 'string') throw new RangeError(range);
  return new AddressSet([range]);
}

function bytesOf(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new RangeError(`${text} is no address`);
  return bytes;
}
