import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {embeddingLookup} from '../../src/kernels/embedding-lookup';
import {Random} from '../../src/random';
import {checkKernel, normalPlain, type Plain, rowsOf} from './gradient-check';

const definition = (table: Plain, tokens: Plain) => {
  const rows = rowsOf(table);
  return tokens.data.flatMap((token) => rows[token]);
};

function randomTokens(shape: number[], vocabSize: number, seed: number): Plain {
  const random = new Random(seed, 'tokens');
  return {shape, data: Array.from({length: shape.reduce((a, b) => a * b, 1)}, () => random.below(vocabSize))};
}

function check(table: Plain, tokens: Plain) {
  checkKernel({
    inputs: {table, tokens},
    integers: ['tokens'],
    op: (inputs) => [embeddingLookup(inputs.table, inputs.tokens)],
    reference: (inputs) => [tf.gather(inputs.table, inputs.tokens)],
    definition: (inputs) => [definition(inputs.table, inputs.tokens)],
    outputTolerance: 0,
    gradientTolerance: 1e-5,
    least: {gradient: 1},
  });
}

describe('embeddingLookup', () => {
  it('picks rows, and sums the gradients of each, on any shape', () => {
    const size = fc.integer({min: 1, max: 6});
    fc.assert(
      fc.property(size, size, fc.array(size, {minLength: 1, maxLength: 3}), fc.nat(), (vocab, width, shape, seed) =>
        check(normalPlain([vocab, width], seed, 'table'), randomTokens(shape, vocab, seed)),
      ),
      {numRuns: 20},
    );
  });

  it('adds the gradients of a token that stands everywhere, and gives none to those that stand nowhere', () => {
    tf.tidy(() => {
      const tokens = tf.fill([2, 50], 1, 'int32');
      const gradient = tf.grad((table) => embeddingLookup(table, tokens))(tf.zeros([3, 2]));
      expect(gradient.arraySync()).toEqual([
        [0, 0],
        [100, 100],
        [0, 0],
      ]);
    });
  });

  it('has the shape of the tokens before its own axis', () => {
    tf.tidy(() => {
      expect(embeddingLookup(tf.zeros([7, 5]), tf.zeros([2, 3], 'int32')).shape).toEqual([2, 3, 5]);
      expect(embeddingLookup(tf.zeros([7, 5]), tf.scalar(2, 'int32')).shape).toEqual([5]);
    });
  });
});
