/**
 * `npm test`: the checks and all tests. Where lab tests cannot run it names them and what they
 * lack; in CI that is a failure. The last line is the count.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, lchownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { green, ROOT, red, runChecks } from './checks.mjs';
import { labPath, prepareLab, prepareWeb } from './lab-packages.mjs';
import { tallyRun, verdictOf } from './tally.mjs';

/** @typedef {import('./tally.mjs').Tally} Tally */
/** @typedef {{ obstacle: string, remedy: string }} Hindrance */
/** @typedef {{ name: string, files: string[], hindrance: Hindrance | undefined }} Project */

/** What a run leaves in the project's folder. */
const LEFTOVERS = ['dist', 'node_modules/.vite', 'node_modules/.vite-temp'];

const isCi = ['true', '1'].includes(process.env['CI'] ?? '');

main();

function main() {
  const lab = prepareLab();
  const checks = runChecks();
  /** @type {Tally} */
  const total = { passed: checks.passed, failed: checks.failed, skipped: [] };
  const web = prepareWeb();
  for (const project of projects({ lab, web })) {
    const { hindrance } = project;
    const tally =
      hindrance === undefined ? runProject(project) : notRun(project, hindrance.obstacle);
    total.passed += tally.passed;
    total.failed.push(...tally.failed);
    total.skipped.push(...tally.skipped);
  }
  handBackLeftovers();
  summarize(total, (lab ?? web)?.remedy);
}

/**
 * Every test file of the project, sorted into those that vitest.config.ts names.
 *
 * @param {{ lab: Hindrance | undefined, web: Hindrance | undefined }} hindrances
 * @returns {Project[]}
 */
function projects({ lab: labHindrance, web: webHindrance }) {
  const files = ['src', 'test', 'tools'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => path.join(ROOT, folder, name)),
  );
  const lab = files.filter((file) => file.endsWith('.lab.test.ts'));
  const e2e = files.filter((file) => file.endsWith('.e2e.test.ts'));
  const web = files.filter((file) => file.endsWith('.web.test.ts'));
  const unit = files.filter((file) => ![...lab, ...e2e, ...web].includes(file));
  return [
    { name: 'unit', files: unit, hindrance: undefined },
    { name: 'lab', files: lab, hindrance: labHindrance },
    { name: 'e2e', files: e2e, hindrance: undefined },
    { name: 'web', files: web, hindrance: webHindrance },
  ];
}

/**
 * @param {Project} project
 * @returns {Tally}
 */
function runProject({ name, files }) {
  if (files.length === 0) return { passed: 0, failed: [], skipped: [] };
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-test-'));
  const report = path.join(folder, 'report.json');
  const { status, signal, error } = spawnSync(
    path.join(ROOT, 'node_modules/.bin/vitest'),
    ['run', '--project', name, '--reporter=default', '--reporter=json', `--outputFile=${report}`],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PATH: labPath() } },
  );
  const exit = error?.message ?? signal ?? String(status);
  const tally = tallyRun({ project: name, files, report: textOf(report), exit });
  rmSync(folder, { recursive: true, force: true });
  return tally;
}

/**
 * @param {Project} project
 * @param {string} obstacle
 * @returns {Tally}
 */
function notRun({ files }, obstacle) {
  const skipped = files.map((file) => `${file}: did not run (${obstacle})`);
  return { passed: 0, failed: [], skipped };
}

/** Under sudo, gives what the run wrote to the user who called, who could not overwrite it else. */
function handBackLeftovers() {
  const [uid, gid] = [Number(process.env['SUDO_UID']), Number(process.env['SUDO_GID'])];
  if (process.getuid?.() !== 0 || !(uid > 0) || !(gid >= 0)) return;
  for (const folder of LEFTOVERS.map((name) => path.join(ROOT, name)).filter(existsSync)) {
    const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const entry of ['', ...entries]) lchownSync(path.join(folder, entry), uid, gid);
  }
}

/** @param {string} file */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Prints what went wrong, what was left out, and the count.
 *
 * @param {Tally} total
 * @param {string | undefined} remedy
 */
function summarize(total, remedy) {
  const { passed, failed, isGreen } = verdictOf(total, { isCi });
  const short = (/** @type {string} */ line) => line.replaceAll(ROOT, '');
  if (total.failed.length > 0) console.log(`\n${red('Failed:')}`);
  for (const line of total.failed) console.log(`  ${short(line)}`);
  if (total.skipped.length > 0) {
    console.log(`\nNot run${isCi ? red(', which is a failure in CI:') : ':'}`);
    for (const line of total.skipped) console.log(`  ${short(line)}`);
    if (remedy !== undefined) console.log(`To run them: ${remedy}`);
  }
  const omitted = total.skipped.length > 0 ? `, but ${total.skipped.length} not run` : '';
  console.log(isGreen ? green(`\nGreen${omitted}.`) : red('\nNot green.'));
  console.log(`${passed} passed, ${failed} failed`);
  if (!isGreen) process.exitCode = 1;
}
