import type {PageKind} from '../pages';
import {buildChecks} from './build-checks';
import type {Checks} from './check';
import {modelChecks} from './model-checks';
import {aloneChecks, sharedChecks} from './thread-checks';
import {trainingChecks} from './training-checks';
import {failureChecks, forbiddenChecks} from './worker-checks';

/** What must hold in a page, by the page's kind. */
export const checks: Readonly<Record<PageKind, Checks>> = {
  isolated: {...sharedChecks, ...failureChecks, ...buildChecks, ...modelChecks, ...trainingChecks},
  'isolated-without-workers': forbiddenChecks,
  plain: {...aloneChecks, ...buildChecks, ...modelChecks, ...trainingChecks},
};

/** Runs one of them. */
export const runCheck = (kind: PageKind, name: string): Promise<void> => checks[kind][name]();
