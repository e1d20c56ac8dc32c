import { expect, test } from 'vitest';
import { tallyRun, verdictOf } from './tally.mjs';

const passed = { fullName: 'adds', status: 'passed' };
const failed = { fullName: 'carries', status: 'failed' };
const skipped = { fullName: 'waits', status: 'skipped' };

function reportOf(...testResults: object[]): string {
  return JSON.stringify({ testResults });
}

function tallyOf(report: string | undefined, { files = ['/a'], exit = '0' } = {}) {
  const tally = tallyRun({ project: 'unit', files, report, exit });
  return { ...tally, failed: tally.failed.length };
}

test('passed, failed and skipped tests are counted one by one', () => {
  const file = { name: '/a', status: 'failed', assertionResults: [passed, failed, skipped] };
  expect(tallyRun({ project: 'unit', files: ['/a'], report: reportOf(file), exit: '1' })).toEqual({
    passed: 1,
    failed: ['/a: carries'],
    skipped: ['/a: waits'],
  });
});

test.each([undefined, '', '{"testResults": [', '{}'])(
  'report %j: the run counts as failed',
  (report) => {
    expect(tallyOf(report, { exit: 'SIGKILL' })).toEqual({ passed: 0, failed: 1, skipped: [] });
  },
);

test('a file that could not be loaded is one failure', () => {
  const file = { name: '/a', status: 'failed', message: 'SyntaxError', assertionResults: [] };
  expect(tallyOf(reportOf(file), { exit: '1' })).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test('a file with no test in it is a failure', () => {
  const file = { name: '/a', status: 'passed', assertionResults: [] };
  expect(tallyOf(reportOf(file)).failed).toBe(1);
});

test('a test that was still to run when its worker died did not pass', () => {
  const pending = { fullName: 'hangs', status: 'pending' };
  const file = { name: '/a', status: 'passed', assertionResults: [pending] };
  expect(tallyOf(reportOf(file), { exit: '1' })).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test('a hook that fails after green tests is a failure', () => {
  const file = { name: '/a', status: 'failed', message: 'afterAll', assertionResults: [passed] };
  expect(tallyOf(reportOf(file), { exit: '1' })).toEqual({ passed: 1, failed: 1, skipped: [] });
});

test('a file that the report does not know did not run', () => {
  const file = { name: '/a', status: 'passed', assertionResults: [passed] };
  expect(tallyOf(reportOf(file), { files: ['/a', '/b'] })).toMatchObject({ passed: 1, failed: 1 });
});

test('a runner that fails without a failed test is a failure', () => {
  const file = { name: '/a', status: 'passed', assertionResults: [passed] };
  expect(tallyOf(reportOf(file), { exit: '1' })).toMatchObject({ passed: 1, failed: 1 });
});

test('a skipped test fails in CI only', () => {
  const tally = { passed: 3, failed: [], skipped: ['/a: waits'] };
  expect(verdictOf(tally, { isCi: false })).toEqual({ passed: 3, failed: 0, isGreen: true });
  expect(verdictOf(tally, { isCi: true })).toEqual({ passed: 3, failed: 1, isGreen: false });
});

test('nothing at all is not green', () => {
  const tally = { passed: 0, failed: [], skipped: [] };
  expect(verdictOf(tally, { isCi: false }).isGreen).toBe(false);
});
