/** Runs trials on several threads. */

import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { TASKS, type TaskName, type TaskResult } from './tasks.ts';
import type { TrialOptions } from './trial.ts';

const WORKER = path.resolve('bench/localisation/worker.mjs');

export interface PoolOptions {
  readonly workers: number;
  /** Told after each trial how many are done. */
  readonly onProgress: (done: number) => void;
}

/** Results in the order of the trials. */
export async function runTrials<Name extends TaskName>(
  task: Name,
  trials: readonly TrialOptions[],
  { workers, onProgress }: PoolOptions,
): Promise<TaskResult<Name>[]> {
  const results: TaskResult<Name>[] = [];
  let next = 0;
  let done = 0;
  const keep = (index: number, result: TaskResult<Name>): void => {
    results[index] = result;
    done++;
    onProgress(done);
  };
  if (workers === 1) {
    const run = TASKS[task] as (options: TrialOptions) => TaskResult<Name>;
    for (const [index, trial] of trials.entries()) keep(index, run(trial));
    return results;
  }
  const work = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let index = -1;
      const order = (): void => {
        index = next++;
        const options = trials[index];
        if (options === undefined) worker.terminate().then(() => resolve(), reject);
        else worker.postMessage({ task, options });
      };
      worker.on('error', reject);
      worker.on('message', (result: TaskResult<Name>) => {
        keep(index, result);
        order();
      });
      order();
    });
  await Promise.all(Array.from({ length: workers }, () => work(new Worker(WORKER))));
  return results;
}
