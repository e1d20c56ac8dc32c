/** What the plans of all commands have in common: `--dry-run` sends nothing, and tells the cost. */

import { counted } from '../lib/counted.ts';
import type { IpFamily } from '../lib/ip-address.ts';
import { namedAddress } from '../model/named-address.ts';

/** Names are listed up to so many; of more targets it is told how many they are. */
const NAMED_MAX = 8;

/** Where a plan leads; addresses as text. */
export interface PlannedTarget {
  readonly name: string;
  readonly address: string;
}

/** What may be sent at most. */
export interface PlannedCost {
  readonly probesMax: number;
  /** Of whole IP packets. */
  readonly bytesMax: number;
  /** What probes are made of: `UDP`, `TCP SYN`. */
  readonly kind: string;
  readonly targets: readonly PlannedTarget[];
  /** Null where there is none, or not one for all. */
  readonly port: number | null;
  readonly families: readonly IpFamily[];
}

/** The first line of a plan. */
export function costSentence(cost: PlannedCost): string {
  const { probesMax, bytesMax, kind, targets, port, families } = cost;
  const named = targets.map(({ name, address }) => namedAddress(name, address));
  const whom = targets.length > NAMED_MAX ? `${targets.length} targets` : named.join(', ');
  const at = port === null ? '' : ` port ${port}`;
  const versions = [...new Set(families)].sort().map((family) => `IPv${family}`);
  return (
    `Would send at most ${counted(probesMax, `${kind} probe`)} ` +
    `(${Math.ceil(bytesMax / 1000)} kB) to ` +
    `${whom}${at} over ${versions.join(' and ')}, and sends nothing now.`
  );
}

/** Seconds with three digits. */
export function secondsText(us: number): string {
  return `${Number((us / 1e6).toPrecision(3))} s`;
}

/** How a plan is asked for. */
export interface PlanForm {
  readonly json?: true;
  readonly jsonl?: true;
  readonly pretty?: true;
}

/** Writes a plan as a document, a line with its type, or text. */
export function writePlan(
  document: object,
  lines: readonly string[],
  { json, jsonl, pretty }: PlanForm,
): void {
  const written = jsonl ? { type: 'plan', ...document } : document;
  const indent = pretty ? 2 : undefined;
  const text = json || jsonl ? JSON.stringify(written, undefined, indent) : lines.join('\n');
  process.stdout.write(`${text}\n`);
}
