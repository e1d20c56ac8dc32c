import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { analyzePaths } from './analyze-paths.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../../test/goldens/scamper/${name}`, import.meta.url));

function analyzed(file: string): { status: number; text: string } {
  let text = '';
  const status = analyzePaths(file, (part) => {
    text += part;
  });
  return { status, text };
}

describe('analyze --paths', () => {
  it('prints each path that reaches the target, with stars', () => {
    expect(analyzed(golden('mda-raw.jsonl'))).toEqual({
      status: 0,
      text: `1 of 24 flows reaches 10.77.9.2.

Flow 3
 TTL    RTT (ms)  address
   0           -  10.77.0.1
   1           -  10.77.0.2
   2       0.057  10.77.1.2
   3       0.056  10.77.14.2
   4       0.035  10.77.21.2
   5           -  *
   6       0.092  10.77.31.2
   7       0.096  10.77.9.2
`,
    });
  });

  it('prints all where none reaches it, and several addresses of a hop', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fantrace-paths-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'x.jsonl');
    const probes = `"probes":[{"flowid":5,"ttl":2,"replies":[{"rtt":1}]}]`;
    const links = `[[{"addr":"c",${probes}},{"addr":"d\\u001b",${probes}}]]`;
    const nodes = `[{"addr":"b","links":${links}}]`;
    const tracelb = `{"type":"tracelb","src":"a","dst":"z\\u001b[2J","nodes":${nodes}}`;
    writeFileSync(file, `{"type":"cycle-start"}\n${tracelb}\n{"type":"cycle-stop"}\n`);
    const { status, text } = analyzed(file);
    expect(status).toBe(2);
    expect(text).toContain('None of 1 flow reaches z\\u{1b}[2J.');
    expect(text).toContain('   2       1.000  c or d\\u{1b}\n');
  });

  it('tells what else a file is', () => {
    expect(() => analyzed(golden('regular-scamper.jsonl'))).toThrow('invalid traceroute type');
    expect(() => analyzed(golden('no-such-file'))).toThrow('ENOENT');
  });
});
