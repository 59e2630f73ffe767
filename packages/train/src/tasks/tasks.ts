import {ConfigError} from '@variants/core';
import {oneLine} from '../one-line';
import {associativeRecall} from './associative-recall';
import {compression} from './compression';
import {copying, selectiveCopying} from './copying';
import {fuzzyRecall} from './fuzzy-recall';
import {inContextRecall, noisyRecall} from './in-context-recall';
import {inductionHeads} from './induction-heads';
import {listops} from './listops';
import {memorization} from './memorization';
import {mqar} from './mqar';
import {needle} from './needle';
import {parity} from './parity';
import {passkey} from './passkey';
import {permutationProduct} from './permutation-product';
import {selectiveCopyingMad} from './selective-copying-mad';
import {sorting} from './sorting';
import {stringCopy} from './string-copy';
import type {Task} from './task';

/** Every task by its name, recall first. */
export const tasks = {
  mqar,
  'associative-recall': associativeRecall,
  'induction-heads': inductionHeads,
  'in-context-recall': inContextRecall,
  'noisy-recall': noisyRecall,
  'fuzzy-recall': fuzzyRecall,
  memorization,
  needle,
  passkey,
  copying,
  'selective-copying': selectiveCopying,
  'selective-copying-mad': selectiveCopyingMad,
  'string-copy': stringCopy,
  compression,
  sorting,
  parity,
  'permutation-product': permutationProduct,
  listops,
} as const;

/** The name of a task. */
export type TaskName = keyof typeof tasks;

/**
 * The task of a name that is known at run time only, such as one from a command line.
 * @throws ConfigError that lists the names
 */
export function taskNamed(name: string): Task {
  if (Object.hasOwn(tasks, name)) return tasks[name as TaskName] as Task;
  throw new ConfigError(`there is no task ${oneLine(String(name))}; the tasks are ${Object.keys(tasks).join(', ')}`);
}
