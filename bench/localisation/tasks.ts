/** What a thread of the bench can be asked to do. */

import { runSequential } from './sequential.ts';
import { runTrial } from './trial.ts';

export const TASKS = { fixed: runTrial, sequential: runSequential };

export type TaskName = keyof typeof TASKS;
export type TaskResult<Name extends TaskName> = ReturnType<(typeof TASKS)[Name]>;
