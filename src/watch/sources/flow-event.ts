/** One line of tcp-info's event socket: a connection has opened, or closed. */

import { isJsonObject } from '../../lib/json-object.ts';
import { type Connection, connectionOf, parseUnmapped } from '../connection.ts';

/** What a line says. */
export type FlowEvent =
  | { readonly kind: 'open'; readonly uuid: string; readonly connection: Connection }
  | { readonly kind: 'close'; readonly uuid: string };

/** File names are made of it: no separators, nothing hidden, and room for the rest of a name. */
const UUID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
/** Go writes it as a signed number of 64 bits, of which `JSON.parse` would lose digits. */
const COOKIE_PATTERN = /"Cookie"\s*:\s*(-?\d{1,20})(?=\s*[,}])/;
const WHOLE_NUMBER = /^-?\d{1,20}$/;
const OPEN = 0;
const CLOSE = 1;
const PORT_MAX = 65_535;

/** undefined for what is no event of these two kinds, or not whole. */
export function parseFlowEvent(line: string): FlowEvent | undefined {
  let event: unknown;
  try {
    event = JSON.parse(line.replace(COOKIE_PATTERN, '"Cookie":"$1"'));
  } catch {
    return undefined;
  }
  const { Event: kind, UUID: uuid, ID: id } = recordOf(event);
  if (typeof uuid !== 'string' || !UUID_PATTERN.test(uuid)) return undefined;
  if (kind === CLOSE) return { kind: 'close', uuid };
  const connection = kind === OPEN ? connectionIn(recordOf(id), uuid) : undefined;
  return connection === undefined ? undefined : { kind: 'open', uuid, connection };
}

function connectionIn(id: Readonly<Record<string, unknown>>, uuid: string): Connection | undefined {
  const { SrcIP: source, DstIP: destination, SPort: localPort, DPort: remotePort } = id;
  const local = addressIn(source);
  const remote = addressIn(destination);
  if (local === undefined || local.length !== remote?.length) return undefined;
  if (!isPort(localPort) || !isPort(remotePort)) return undefined;
  const { Cookie: told } = id;
  const cookieText = typeof told === 'string' ? told : '0';
  if (!WHOLE_NUMBER.test(cookieText)) return undefined;
  const cookie = BigInt.asUintN(64, BigInt(cookieText));
  return connectionOf({
    local,
    localPort,
    remote,
    remotePort,
    cookie,
    uuid,
    hasRetransmitted: false,
  });
}

function addressIn(text: unknown): Uint8Array | undefined {
  return typeof text === 'string' ? parseUnmapped(text) : undefined;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= PORT_MAX;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}
