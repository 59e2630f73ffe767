import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type CrossEntropyOptions, softmaxCrossEntropy} from '../../src/kernels/softmax-cross-entropy';
import {softmaxCrossEntropyReference} from '../../src/kernels/softmax-cross-entropy/reference';
import {Random} from '../../src/random';
import {checkKernel, normalPlain, type Plain, rowsOf} from './gradient-check';

function definition(logits: Plain, targets: Plain, ignoreIndex: number, smoothing: number): number {
  const perToken = rowsOf(logits).flatMap((row, i) => {
    if (targets.data[i] === ignoreIndex) return [];
    const largest = Math.max(...row);
    const logTotal = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
    const nll = logTotal - row[targets.data[i]];
    const uniform = row.reduce((sum, x) => sum + logTotal - x, 0) / row.length;
    return [smoothing === 0 ? nll : (1 - smoothing) * nll + smoothing * uniform];
  });
  return perToken.reduce((sum, x) => sum + x, 0) / perToken.length;
}

function check(logits: Plain, targets: Plain, {ignoreIndex = -100, smoothing = 0}: CrossEntropyOptions = {}) {
  const classes = logits.shape[logits.shape.length - 1];
  checkKernel({
    inputs: {logits, targets},
    integers: ['targets'],
    op: (inputs) => [softmaxCrossEntropy(inputs.logits, inputs.targets, {ignoreIndex, smoothing})],
    reference: ({logits: rows, targets: wanted}) => [
      softmaxCrossEntropyReference(rows.reshape([-1, classes]), wanted.reshape([-1]), ignoreIndex, smoothing).loss,
    ],
    definition: (inputs) => [[definition(inputs.logits, inputs.targets, ignoreIndex, smoothing)]],
    // A target that is nearly certain leaves next to nothing of logits of this size, and of probabilities near 1.
    least: {output: 1, gradient: 0.1},
  });
}

/** Targets of which about a third is ignored, the first one not. */
function randomTargets(shape: number[], classes: number, ignoreIndex: number, seed: number): Plain {
  const random = new Random(seed, 'targets');
  const draw = (_: unknown, i: number) => (i > 0 && random.chance(1 / 3) ? ignoreIndex : random.below(classes));
  return {shape, data: Array.from({length: shape.reduce((a, b) => a * b, 1)}, draw)};
}

const lossAndGradient = (logits: number[][], targets: number[]) =>
  tf.tidy(() => {
    const wanted = tf.tensor1d(targets, 'int32');
    const {value, grad} = tf.valueAndGrad((x) => softmaxCrossEntropy(x, wanted))(tf.tensor2d(logits));
    return {loss: value.dataSync()[0], gradient: grad.arraySync() as number[][]};
  });

describe('softmaxCrossEntropy', () => {
  it('and its gradient are what the definition gives, for any shape, smoothing and ignored targets', () => {
    const size = fc.integer({min: 1, max: 4});
    fc.assert(
      fc.property(
        fc.array(size, {minLength: 1, maxLength: 2}),
        fc.integer({min: 1, max: 7}),
        fc.constantFrom(0, 0.1, 1),
        fc.constantFrom(-100, -1, 0),
        fc.nat(),
        (shape, classes, smoothing, ignoreIndex, seed) => {
          const targets = randomTargets(shape, classes, ignoreIndex, seed);
          fc.pre(targets.data.some((target) => target !== ignoreIndex));
          check(normalPlain([...shape, classes], seed, 'logits', 3), targets, {ignoreIndex, smoothing});
        },
      ),
      {numRuns: 30},
    );
  });

  it('holds for huge logits', () => {
    const targets = {shape: [3], data: [0, 2, 1]};
    check(normalPlain([3, 4], 1, 'logits', 1e3), targets);
    const {loss, gradient} = lossAndGradient([[1e30, 0, -1e30]], [0]);
    expect(loss).toBe(0);
    expect(gradient).toEqual([[0, 0, 0]]);
  });

  it('lets a logit of -infinity rule out a class', () => {
    const {loss, gradient} = lossAndGradient([[Number.NEGATIVE_INFINITY, 1, 1]], [2]);
    expect(loss).toBeCloseTo(Math.LN2, 6);
    expect(gradient[0][0]).toBe(0);
    expect(gradient[0][1]).toBeCloseTo(0.5, 6);
    expect(gradient[0][2]).toBeCloseTo(-0.5, 6);
    expect(lossAndGradient([[Number.NEGATIVE_INFINITY, 1, 1]], [0]).loss).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps what stands in ignored rows out of loss and gradient', () => {
    const alone = lossAndGradient([[1, 2]], [0]);
    const beside = lossAndGradient(
      [
        [1, 2],
        [Number.NaN, 5],
      ],
      [0, -100],
    );
    expect(beside.loss).toBe(alone.loss);
    expect(beside.gradient).toEqual([alone.gradient[0], [0, 0]]);
  });

  it('is NaN without a gradient when no target counts', () => {
    const {loss, gradient} = lossAndGradient([[1, 2]], [-100]);
    expect(loss).toBeNaN();
    expect(gradient).toEqual([[0, 0]]);
  });

  it('is a scalar, and refuses targets of another shape', () => {
    tf.tidy(() => {
      expect(softmaxCrossEntropy(tf.zeros([2, 3, 5]), tf.zeros([2, 3], 'int32')).shape).toEqual([]);
      const wrong = () => softmaxCrossEntropy(tf.zeros([2, 3, 5]), tf.zeros([2, 4], 'int32'));
      expect(wrong).toThrow(ShapeError);
      expect(wrong).toThrow(/\[2,4\].*\[2,3\]/);
    });
  });
});
