/** Cross entropy of whole-number targets under the softmax of rows of logits, and its gradient. */
import {log4} from './math';
import {maxOfRow, sumRow} from './row-parts';
import {exponentials, scaledSoftmax} from './softmax';

@unmanaged class CrossEntropyTask {
  logits: u32;
  /** Class numbers, int32. */
  targets: u32;
  /** Of each row two floats, for the gradient: the largest logit, and log of the sum of e^(logit - largest). */
  normalizer: u32;
  /** Losses of the rows, or gradients of the logits. */
  to: u32;
  rows: u32;
  classes: u32;
  pieceRows: u32;
  /** The target of rows that do not count. */
  ignored: i32;
  smoothing: f32;
  /** What the gradients are multiplied by. */
  scale: f32;
}

/** 0 for rows that do not count, NaN where the target is no class. */
function crossEntropyPiece(args: usize, piece: i32): void {
  const task = changetype<CrossEntropyTask>(args);
  const classes = <usize>task.classes, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    const x = <usize>task.logits + ((row * classes) << 2), at = row << 2;
    const target = load<i32>(<usize>task.targets + at);
    let loss: f32 = 0, largest: f32 = 0, logSum: f32 = 0;
    if (target != task.ignored) {
      largest = maxOfRow(x, classes);
      logSum = f32x4.extract_lane(log4(f32x4.splat(exponentials(x, largest, 0, classes))), 0);
      loss = <u32>target < task.classes ? (largest - load<f32>(x + (<usize>target << 2))) + logSum : NaN;
      if (task.smoothing != 0) {
        const uniform = (largest - sumRow(x, classes) / <f32>classes) + logSum;
        loss = (<f32>1 - task.smoothing) * loss + task.smoothing * uniform;
      }
    }
    store<f32>(<usize>task.normalizer + 2 * at, largest);
    store<f32>(<usize>task.normalizer + 2 * at, logSum, 4);
    store<f32>(<usize>task.to + at, loss);
  }
}

/** to = scale (softmax - (1 - smoothing) oneHot - smoothing / classes), 0 for rows that do not count. */
function crossEntropyGradientPiece(args: usize, piece: i32): void {
  const task = changetype<CrossEntropyTask>(args);
  const classes = <usize>task.classes, first = <usize>piece * <usize>task.pieceRows;
  const last = min(<usize>task.rows, first + <usize>task.pieceRows);
  for (let row = first; row < last; row++) {
    const offset = (row * classes) << 2;
    const to = <usize>task.to + offset;
    const target = load<i32>(<usize>task.targets + (row << 2));
    if (target == task.ignored) {
      memory.fill(to, 0, classes << 2);
      continue;
    }
    const uniform = -task.scale * task.smoothing / <f32>classes;
    scaledSoftmax(<usize>task.logits + offset, <usize>task.normalizer + (row << 3), task.scale, uniform, to, classes);
    if (<u32>target >= task.classes) continue;
    const at = to + (<usize>target << 2);
    store<f32>(at, load<f32>(at) - task.scale * (<f32>1 - task.smoothing));
  }
}

export function jobCrossEntropy(): u32 {
  return crossEntropyPiece.index;
}
export function jobCrossEntropyGradient(): u32 {
  return crossEntropyGradientPiece.index;
}
