import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks', // a crash in native code must not end the whole run
    retry: 0,
    maxWorkers: '100%', // on two cores, the default leaves one idle
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{src,test,tools}/**/*.test.ts'],
          exclude: ['**/*.{lab,e2e,web}.test.ts'],
          testTimeout: 60_000, // only what hangs takes so long, also on a busy machine
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.lab.test.ts'],
          globalSetup: 'test/lab/built.ts',
          fileParallelism: false, // namespaces and their timing share one machine
          maxConcurrency: 4, // of tests that say so: they mostly wait
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          globalSetup: 'test/e2e/installation.ts',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'web',
          include: ['test/web/**/*.web.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
