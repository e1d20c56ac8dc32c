/**
 * Who knows whose addresses are: M-Lab's annotator, over its socket, or tables of autonomous
 * systems, written the way the annotator writes them.
 */

import { request } from 'node:http';
import { isJsonObject } from '../../lib/json-object.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { AsLookup } from '../../runtime/names/as-lookup.ts';
import { AnnotatorError, type HopAnnotator } from './hop-annotations.ts';

/** An answer may take no longer, nor be longer. */
const ANSWER_MS = 10_000;
const ANSWER_MAX_BYTES = 16 * 2 ** 20;

/** Networks alone, without places. */
export function asAnnotator(lookup: AsLookup): HopAnnotator {
  return {
    annotate: async (addresses) => {
      const origins = await lookup.originsOf(addresses);
      return new Map(
        addresses.map((address) => [address, { Network: networkOf(origins.get(address)) }]),
      );
    },
  };
}

/** Keys and their order are those of the annotator. */
function networkOf(origin: AsOrigin | undefined): object {
  if (origin === undefined) return { Missing: true };
  const { asn, name, prefix } = origin;
  return {
    ...(prefix === null ? {} : { CIDR: prefix }),
    ASNumber: asn,
    ...(name === null ? {} : { ASName: name }),
    Systems: [{ ASNs: [asn] }],
  };
}

/** M-Lab's annotator: HTTP over the unix socket at `path`. */
export function socketAnnotator(path: string): HopAnnotator {
  return {
    annotate: async (addresses) => {
      const query = addresses.map((address) => `ip=${encodeURIComponent(address)}`).join('&');
      const text = await get(path, `/v1/annotate/ips?${query}`);
      const answer = parsedObject(text, path);
      return new Map(
        Object.entries(answer).filter((entry): entry is [string, object] => {
          const [, annotations] = entry;
          return typeof annotations === 'object' && annotations !== null;
        }),
      );
    },
  };
}

/** @throws {AnnotatorError} */
function parsedObject(text: string, path: string): object {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    const message = `the annotator at ${path} answered no JSON`;
    throw new AnnotatorError('unmarshal_error', message, { cause });
  }
  if (isJsonObject(answer)) return answer;
  throw new AnnotatorError('unmarshal_error', `the annotator at ${path} answered no object`);
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const asked = request({ socketPath, path, host: 'unix', signal }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_MAX_BYTES) {
          asked.destroy(new Error(`the annotator at ${socketPath} does not come to an end`));
        }
        chunks.push(chunk);
      });
      response.on('error', (cause) =>
        reject(new AnnotatorError('read_error', cause.message, { cause })),
      );
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else {
          const message = `the annotator at ${socketPath} says HTTP ${response.statusCode}`;
          reject(new AnnotatorError('http_status_error', message));
        }
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
