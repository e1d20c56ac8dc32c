/**
 * Which probe of a capture a packet answers: by the packet that it quotes, by the number that it
 * acknowledges, or where neither is there by addresses and ports alone.
 */

import { formatIpAddress } from '../../lib/ip-address.ts';
import { claimOf, newClaim, type ProbeClaim } from '../../probing/probe-claim.ts';
import type { IcmpErrorReply, Reply } from '../../wire/reply.ts';
import type { CapturedProbe } from './captured-probe.ts';

/** Answers come within this, or do not belong to the probe. */
const ANSWER_WITHIN_US = 60_000_000;
/** An answer may seem to come so much before its probe: clocks of several devices differ. */
export const CLOCK_SLACK_US = 1000;
/** Of a flow, the latest before an answer that are looked at. */
const LOOKED_AT_MAX = 4096;

/** Finds probes by what answers say of them. */
export class CaptureAnswers {
  readonly #probes = new Map<string, CapturedProbe[]>();
  readonly #answered = new Set<CapturedProbe>();
  readonly #claim = newClaim();

  /** Adds a probe; they come in the order of sending. */
  sent(probe: CapturedProbe): void {
    const { protocol, source, destination, sourcePort, destinationPort } = probe;
    const key = keyOf({ protocol, source, destination, sourcePort, destinationPort });
    const known = this.#probes.get(key);
    if (known === undefined) this.#probes.set(key, [probe]);
    else known.push(probe);
  }

  /**
   * The probe that a packet answers first.
   *
   * @returns undefined for what answers none, `again` for another answer to one
   */
  answered(reply: Reply, atUs: number): CapturedProbe | 'again' | undefined {
    const claim = claimOf(reply, this.#claim);
    if (claim === undefined) return undefined;
    const { protocol, sourcePort, destinationPort } = claim;
    const ends = {
      source: formatIpAddress(claim.source),
      destination: formatIpAddress(claim.destination),
    };
    const probes =
      this.#probes.get(keyOf({ protocol, sourcePort, destinationPort, ...ends })) ?? [];
    const probe = this.#best(probes, { claim, reply, atUs });
    if (probe === undefined) return undefined;
    if (this.#answered.has(probe)) return 'again';
    this.#answered.add(probe);
    return probe;
  }

  /** The latest of those that fit best. */
  #best(probes: readonly CapturedProbe[], answer: Answer): CapturedProbe | undefined {
    let [best, bestFit]: [CapturedProbe | undefined, number] = [undefined, 0];
    const end = Math.max(0, probes.length - LOOKED_AT_MAX);
    for (let i = probes.length - 1; i >= end; i--) {
      const probe = probes[i];
      if (probe === undefined || probe.atUs > answer.atUs + CLOCK_SLACK_US) continue;
      if (answer.atUs - probe.atUs > ANSWER_WITHIN_US) break;
      const isAlone = probes.length === 1;
      // Of several alike, one that still waits.
      const fit = fitOf(probe, answer, isAlone) - (this.#answered.has(probe) ? 0.5 : 0);
      if (fit >= fullFit(answer.reply)) return probe;
      if (fit > bestFit) [best, bestFit] = [probe, fit];
    }
    return best;
  }
}

interface Answer {
  readonly claim: ProbeClaim;
  readonly reply: Reply;
  readonly atUs: number;
}

/** Of a probe that still waits, and in whom everything fits: none can fit better. */
function fullFit({ kind, family }: Reply): number {
  if (kind !== 'icmp-error') return 1;
  return family === 4 ? 3 : 2;
}

/** How well an answer fits a probe whose addresses and ports it names: 0 for not at all. */
function fitOf(probe: CapturedProbe, { claim, reply }: Answer, isAlone: boolean): number {
  if (reply.kind === 'icmp-error') return fitOfQuote(probe, { claim, reply }, isAlone);
  if (claim.isTokenless) return 1;
  const isFit =
    claim.protocol === 'icmp' ? claim.secondaryKey === probe.key : isNamed(probe, claim);
  return Number(isFit);
}

function fitOfQuote(
  probe: CapturedProbe,
  { claim, reply }: { readonly claim: ProbeClaim; readonly reply: IcmpErrorReply },
  isAlone: boolean,
): number {
  const isNumbered = reply.family === 4 && reply.quote.identification === probe.identification;
  const isSameKey =
    claim.protocol === 'tcp'
      ? (claim.token | 0) === (probe.key | 0)
      : claim.secondaryKey === probe.key;
  if (isSameKey) return 2 + Number(isNumbered);
  // A capture may show a datagram before its checksum was filled in.
  const isOnlyNumbered = isNumbered && probe.identification !== 0;
  return Number(claim.protocol === 'udp' && (isOnlyNumbered || isAlone));
}

/** Acknowledged, or of a bare ACK reset: a reset of a SYN with data acknowledges that as well. */
function isNamed(probe: CapturedProbe, claim: ProbeClaim): boolean {
  return (claim.token | 0) === (probe.token | 0);
}

function keyOf({
  protocol,
  source,
  destination,
  sourcePort,
  destinationPort,
}: Pick<
  CapturedProbe,
  'protocol' | 'source' | 'destination' | 'sourcePort' | 'destinationPort'
>): string {
  return `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`;
}
