import {requireArgument, ShapeError} from '@variants/core';
import {ignoreIndex} from './task';
import {wilsonInterval} from './wilson-interval';

/** How well predictions fit: shares from 0 to 1. NaN where nothing was scored. */
export interface TaskScore {
  /** Right positions among all scored positions of all examples. */
  accuracy: number;
  /** Examples in which every scored position is right. */
  exact: number;
  /**
   * Mean over classes of the accuracy on the positions whose target is the class; a class that was only ever predicted
   * counts as 0. This is the accuracy of MAD's tables.
   */
  macroAccuracy: number;
  /**
   * 95 % Wilson interval of accuracy. It counts examples, not positions: those of one example are not independent.
   */
  accuracyInterval: [low: number, high: number];
  /** 95 % Wilson interval of exact. */
  exactInterval: [low: number, high: number];
  /** Scored positions. */
  numScored: number;
  numExamples: number;
}

/**
 * Scores the predictions for a whole test set.
 * @param predictions the most likely token at every position, a list [time] for each example
 * @param targets of the same shape; positions with {@link ignoreIndex} are not scored
 * @throws ShapeError when the two do not have the same shape
 */
export function scoreTask(predictions: readonly ArrayLike<number>[], targets: readonly ArrayLike<number>[]): TaskScore {
  for (const [name, list] of Object.entries({predictions, targets})) {
    const isRows = Array.isArray(list) && list.every((row) => Array.isArray(row) || ArrayBuffer.isView(row));
    requireArgument('scoreTask', name, list, isRows, 'a list of lists of tokens, one for each example', ShapeError);
  }
  if (predictions.length !== targets.length)
    throw new ShapeError(
      `scoreTask: ${predictions.length} predictions; wanted one for each of ${targets.length} targets`,
    );
  const classes = new Map<number, ClassCount>();
  const rows = targets.map((row, example) => scoreExample(example, predictions[example], row, classes));
  const scored = sum(rows.map((row) => row.scored));
  const right = sum(rows.map((row) => row.right));
  const numExact = rows.filter((row) => row.right === row.scored).length;
  const accuracy = right / scored;
  const exact = numExact / rows.length;
  const recalls = Array.from(classes.values(), (count) => (count.wanted === 0 ? 0 : count.right / count.wanted));
  return {
    accuracy,
    exact,
    macroAccuracy: sum(recalls) / recalls.length,
    accuracyInterval: wilsonInterval(accuracy, rows.length),
    exactInterval: wilsonInterval(exact, rows.length),
    numScored: scored,
    numExamples: rows.length,
  };
}

/** Accuracy on a scale on which guessing is 0 and everything right is 1. */
export function scaledAccuracy(accuracy: number, chance: number): number {
  for (const [name, share] of Object.entries({accuracy, chance}))
    requireArgument('scaledAccuracy', name, share, typeof share === 'number', 'a number');
  return (accuracy - chance) / (1 - chance);
}

interface ClassCount {
  wanted: number;
  right: number;
}

function countOf(classes: Map<number, ClassCount>, token: number): ClassCount {
  const count = classes.get(token) ?? {wanted: 0, right: 0};
  classes.set(token, count);
  return count;
}

function scoreExample(
  example: number,
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: Map<number, ClassCount>,
): {scored: number; right: number} {
  if (predictions.length !== targets.length)
    throw new ShapeError(
      `scoreTask: example ${example} has ${predictions.length} predictions; wanted ${targets.length}`,
    );
  let scored = 0;
  let right = 0;
  for (let t = 0; t < targets.length; t++) {
    if (targets[t] === ignoreIndex) continue;
    const isRight = predictions[t] === targets[t];
    const wanted = countOf(classes, targets[t]);
    countOf(classes, predictions[t]);
    wanted.wanted++;
    scored++;
    if (isRight) {
      wanted.right++;
      right++;
    }
  }
  return {scored, right};
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
