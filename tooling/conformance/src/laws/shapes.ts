import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {assert, assertSame} from '../assert';
import {logitsOf, longestTime, randomTokens, withModel} from '../models';
import type {Law} from '../subject';

/** One row or many, one token or many: [batch, time] gives finite logits [batch, time, vocabulary]. */
export const logitsShape: Law = {
  name: 'gives finite logits [batch, time, vocabulary] for any batch and time, 1 included',
  check: (subject) =>
    withModel(subject, (model) => {
      const checkShape = (batch: number, time: number, seed: number) =>
        tf.tidy(() => {
          const logits = model.logits(randomTokens(model, batch, time, seed));
          const wanted = [batch, time, model.config.vocabSize].join();
          assert(logits.shape.join() === wanted, `logits have the shape [${logits.shape}] instead of [${wanted}]`);
          assert(logits.dtype === 'float32', `logits are ${logits.dtype}`);
          assert(logits.dataSync().every(Number.isFinite), `logits of [${batch}, ${time}] tokens are not finite`);
        });
      checkShape(1, 1, 0);
      fc.assert(
        fc.property(
          fc.integer({min: 1, max: 3}),
          fc.integer({min: 1, max: longestTime(subject, model)}),
          fc.integer(),
          checkShape,
        ),
        {numRuns: 8},
      );
    }),
};

/** A list of ids, a list per row, an Int32Array and a tensor are the same tokens. */
export const tokenInputs: Law = {
  name: 'takes tokens as a list, a list of rows, an Int32Array or a tensor',
  check: (subject) =>
    withModel(subject, (model) => {
      const rows = randomTokens(model, 1, Math.min(4, longestTime(subject, model)), 1);
      const expected = logitsOf(model, rows);
      tf.tidy(() => {
        for (const tokens of [rows[0], Int32Array.from(rows[0]), tf.tensor2d(rows, undefined, 'int32')])
          assertSame(model.logits(tokens).dataSync(), expected, `logits of ${tokens.constructor.name}`);
      });
    }),
};

/** As a tf.LayersModel the model computes what `logits` computes. */
export const graph: Law = {
  name: 'computes the same by predict, by apply and as a layer of another tf.model',
  check: (subject) =>
    withModel(subject, (model) => {
      const rows = randomTokens(model, 2, longestTime(subject, model), 2);
      const expected = logitsOf(model, rows);
      const inner = subject.create();
      inner.setWeights(model.getWeights());
      const input = tf.input({shape: [null], dtype: 'int32'});
      const outer = tf.model({inputs: input, outputs: inner.apply(input) as tf.SymbolicTensor});
      tf.tidy(() => {
        const tokens = tf.tensor2d(rows, undefined, 'int32');
        const ways = {
          predict: model.predict(tokens),
          apply: model.apply(tokens),
          'another model': outer.predict(tokens),
        };
        for (const [way, logits] of Object.entries(ways))
          assertSame((logits as tf.Tensor).dataSync(), expected, `logits by ${way}`);
      });
      // With its layer, the inner model.
      outer.dispose();
    }),
};
