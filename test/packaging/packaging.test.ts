/** What installs the program elsewhere: read by what reads it there, where that is here. */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string): string => readFileSync(`${ROOT}packaging/${name}`, 'utf8');

describe('the unit of systemd', () => {
  const text = read('fantrace-watch.service');
  const settings = new Map(
    text
      .split('\n')
      .filter((line) => /^[A-Z]\w*=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

  it('gives one right alone, and what hears of its state', () => {
    expect(Object.fromEntries(settings)).toMatchObject({
      Type: 'notify',
      WatchdogSec: '30s',
      DynamicUser: 'yes',
      AmbientCapabilities: 'CAP_NET_RAW',
      CapabilityBoundingSet: 'CAP_NET_RAW',
      NoNewPrivileges: 'yes',
      ProtectSystem: 'strict',
    });
  });

  it('has flags that there are', () => {
    const flags = (settings.get('ExecStart') ?? '').match(/--[a-z-]+/g) ?? [];
    const program = buildProgram();
    const watch = program.commands.find((command) => command.name() === 'watch');
    const known = [...program.options, ...(watch?.options ?? [])].map(({ long }) => long);
    expect(flags.length).toBeGreaterThan(2);
    expect(known).toEqual(expect.arrayContaining(flags));
  });

  const hasSystemd = existsSync('/usr/bin/systemd-analyze');
  it(`is what systemd reads${hasSystemd ? '' : ', which is not here'}`, () => {
    if (!hasSystemd) return;
    const file = `${ROOT}packaging/fantrace-watch.service`;
    const checked = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    expect(checked.stderr).not.toContain('fantrace-watch.service');
    expect(checked.status).toBe(0);
  });
});

describe('the container file', () => {
  const text = read('Containerfile').replaceAll(/\\\n/g, ' ');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

  it('has instructions alone, the last of which starts a reaper before the program', () => {
    const instructions = /^(FROM|WORKDIR|COPY|RUN|VOLUME|EXPOSE|STOPSIGNAL|ENTRYPOINT) \S/;
    for (const line of lines) expect(line).toMatch(instructions);
    const entry = JSON.parse(lines.at(-1)?.replace('ENTRYPOINT ', '') ?? '');
    expect(entry).toEqual(['/usr/bin/tini', '--', 'traceroute-caller']);
    const { bin } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    expect(Object.keys(bin)).toContain(entry.at(-1));
  });

  it('pins the release of what it is built from, and copies what there is', () => {
    for (const [, image] of text.matchAll(/^FROM (\S+)/gm)) expect(image).toMatch(/:\d+-bookworm/);
    for (const [, names = ''] of text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
      for (const name of names.split(' ')) expect(existsSync(ROOT + name), name).toBe(true);
    }
  });
});

describe('npm install -g', () => {
  /** The package with its own names of things and no code, so that nothing has to be fetched. */
  function emptyPackage(folder: string): void {
    const { name, version, bin, man } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version, bin, man }));
    for (const file of Object.values<string>(bin)) {
      mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folder, file), '#!/usr/bin/env node\n');
    }
    cpSync(`${ROOT}man`, path.join(folder, 'man'), { recursive: true });
  }

  it('puts every manual page where man(1) looks beside the executables', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-packaging-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    emptyPackage(path.join(folder, 'package'));
    const npm = (...args: readonly string[]): string =>
      execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    const [{ filename }] = JSON.parse(npm('pack', '--json', './package'));
    const quietly = ['--offline', '--no-audit', '--no-fund'];
    npm('install', '--global', '--prefix', path.join(folder, 'usr'), ...quietly, filename);
    const pages = readdirSync(path.join(folder, 'usr/share/man/man1'));
    expect(pages.sort()).toEqual(readdirSync(`${ROOT}man`).sort());
  });
});
