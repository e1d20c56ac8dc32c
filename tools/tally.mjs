/**
 * Counts what a vitest run showed, from its JSON report. A run that broke off counts as failed:
 * what is not in the report did not pass.
 */

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {string[]} failed one line each
 * @property {string[]} skipped one line each
 */

/**
 * @typedef {object} FileResult the part of vitest's JSON that is read here
 * @property {string} name absolute path
 * @property {string} status
 * @property {string} [message]
 * @property {{ fullName: string, status: string }[]} assertionResults `pending` is a test that was
 *   still to run when the runner broke off
 */

/**
 * Counts one run.
 *
 * @param {object} run
 * @param {string} run.project
 * @param {readonly string[]} run.files the test files that should have run, absolute
 * @param {string | undefined} run.report what the JSON reporter wrote; undefined when it did not
 * @param {string} run.exit how the runner ended: `0`, another status, or a signal's name
 * @returns {Tally}
 */
export function tallyRun({ project, files, report, exit }) {
  const results = parseReport(report);
  if (results === undefined) {
    return {
      passed: 0,
      failed: [`${project}: the test runner left no report (${exit})`],
      skipped: [],
    };
  }
  /** @type {Tally} */
  const tally = { passed: 0, failed: [], skipped: [] };
  for (const result of results) addFile(tally, result);
  const reported = new Set(results.map(({ name }) => name));
  for (const file of files) if (!reported.has(file)) tally.failed.push(`${file}: did not run`);
  if (exit !== '0' && tally.failed.length === 0) {
    tally.failed.push(`${project}: the test runner ended with ${exit}, although no test failed`);
  }
  return tally;
}

/**
 * @param {string | undefined} report
 * @returns {FileResult[] | undefined}
 */
function parseReport(report) {
  try {
    return report === undefined ? undefined : JSON.parse(report).testResults;
  } catch {
    return undefined;
  }
}

/**
 * @param {Tally} tally
 * @param {FileResult} result
 */
function addFile(tally, { name, status, message, assertionResults }) {
  let failures = 0;
  for (const { fullName, status: outcome } of assertionResults) {
    const line = `${name}: ${fullName}`;
    if (outcome === 'passed') tally.passed++;
    else if (['failed', 'pending'].includes(outcome)) failures = tally.failed.push(line);
    else tally.skipped.push(line);
  }
  if (failures > 0) return;
  const isBroken = status !== 'passed' || assertionResults.length === 0;
  if (isBroken) tally.failed.push(`${name}: ${message?.split('\n')[0] || 'no test ran'}`);
}

/**
 * The verdict over all: outside CI a test may be skipped, as long as it is named.
 *
 * @param {Tally} tally
 * @param {{ isCi: boolean }} where
 * @returns {{ passed: number, failed: number, isGreen: boolean }}
 */
export function verdictOf({ passed, failed, skipped }, { isCi }) {
  const failures = failed.length + (isCi ? skipped.length : 0);
  return { passed, failed: failures, isGreen: failures === 0 && passed > 0 };
}
