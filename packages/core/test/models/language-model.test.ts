import * as tf from '@tensorflow/tfjs';
import {describe, expect, it, vi} from 'vitest';
import {DataError} from '../../src/errors';
import type {RunLayer} from '../../src/models/chain';
import {TinyModel, withTiny} from '../tiny-model';
import {names, rows, valuesOf} from './language-model-data';

describe('logits', () => {
  it('have the shape [batch, time, vocabulary], from lists, rows, typed arrays and tensors alike', () =>
    withTiny({}, (model) => {
      tf.tidy(() => {
        const whole = model.logits(rows);
        expect(whole.shape).toEqual([2, 6, 11]);
        expect(model.logits(tf.tensor2d(rows, undefined, 'int32')).dataSync()).toEqual(whole.dataSync());
        const first = whole.dataSync().slice(0, 6 * 11);
        for (const tokens of [rows[0], Int32Array.from(rows[0]), [rows[0]]])
          expect(model.logits(tokens).dataSync()).toEqual(first);
      });
    }));

  it('equal what predict and call give', () =>
    withTiny({}, (model) => {
      tf.tidy(() => {
        const tokens = tf.tensor2d(rows, undefined, 'int32');
        const wanted = model.logits(tokens).dataSync();
        expect((model.predict(tokens) as tf.Tensor).dataSync()).toEqual(wanted);
        expect((model.apply(tokens) as tf.Tensor).dataSync()).toEqual(wanted);
      });
    }));

  it('draw dropout in training only', () =>
    withTiny({dropout: 0.5}, (model) => {
      tf.tidy(() => {
        const still = model.logits(rows).dataSync();
        expect(model.logits(rows).dataSync()).toEqual(still);
        expect(model.logits(rows, {training: true}).dataSync()).not.toEqual(still);
      });
    }));

  it('refuse what are no tokens', () =>
    withTiny({}, (model) => {
      const before = tf.memory().numTensors;
      for (const [tokens, message] of [
        [[], /at least one token, not \[1,0\]/],
        [[[]], /at least one token/],
        [[[1, 2], [3]], /row 1 has 1 and row 0 has 2/],
        [[1, 11], /ids from 0 to 10, but number 1 of row 0 is 11/],
        [[[1], [-1]], /number 0 of row 1 is -1/],
        [[0.5], /is 0.5/],
        [[Number.NaN], /is NaN/],
      ] as const) {
        expect(() => model.logits(tokens)).toThrow(DataError);
        expect(() => model.logits(tokens)).toThrow(message);
      }
      const flat = tf.tensor1d([1, 2], 'int32');
      expect(() => model.stream(flat)).toThrow(/\[batch, time\].*not \[2\]/);
      flat.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }));
});

describe('weights', () => {
  it('are float32, have names that are full paths, each once, in the order of the layers', () =>
    withTiny({numLayers: 1, maxSequenceLength: 8}, (model) => {
      expect(names(model)).toEqual([
        'embedding/table',
        'positions/table',
        'block_0/mixer_norm/weight',
        'block_0/mixer/projection/kernel',
        'block_0/feed_forward_norm/weight',
        'block_0/feed_forward/up/kernel',
        'block_0/feed_forward/up/bias',
        'block_0/feed_forward/down/kernel',
        'block_0/feed_forward/down/bias',
        'head/kernel',
        'head/bias',
      ]);
      for (const weight of model.getWeights()) expect(weight.dtype).toBe('float32');
      expect(model.trainableWeights).toHaveLength(11);
      expect(model.countParams()).toBe(model.getWeights().reduce((sum, weight) => sum + weight.size, 0));
    }));

  it('are the same for the same seed, and others for another', () => {
    const models = [0, 0, 1].map((seed) => new TinyModel({seed}));
    const [first, same, other] = models.map(valuesOf);
    expect(same).toEqual(first);
    names(models[0]).forEach((name, i) => {
      if (name.endsWith('kernel') || name.endsWith('table')) expect(other[i], name).not.toEqual(first[i]);
    });
    for (const model of models) model.dispose();
  });

  it('are alike in blocks, but no two of them equal', () =>
    withTiny({}, (model) => {
      const kernels = model.weights.filter((weight) => weight.originalName.endsWith('projection/kernel'));
      expect(kernels).toHaveLength(2);
      expect(kernels[0].read().dataSync()).not.toEqual(kernels[1].read().dataSync());
    }));

  it('can be averaged as federated training does: setWeights takes what getWeights gave', () =>
    withTiny({seed: 1}, (model) => {
      const other = new TinyModel({seed: 2});
      tf.tidy(() => {
        const theirs = other.getWeights();
        model.setWeights(model.getWeights().map((weight, i) => weight.add(theirs[i]).div(2)));
      });
      const [mean] = valuesOf(model);
      const before = new TinyModel({seed: 1});
      mean.forEach((value, i) => {
        expect(value).toBeCloseTo((valuesOf(before)[0][i] + valuesOf(other)[0][i]) / 2, 6);
      });
      before.dispose();
      other.dispose();
    }));

  it('are all freed by dispose', () => {
    const before = tf.memory().numTensors;
    const model = new TinyModel({maxSequenceLength: 4, dropout: 0.1});
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('summary', () => {
  it('lists every layer with its shape and number of parameters', () =>
    withTiny({numLayers: 1}, (model) => {
      const lines: string[] = [];
      model.summary(undefined, undefined, (line) => lines.push(String(line)));
      const text = lines.join('\n');
      for (const part of [
        /embedding.*\[null,null,4\] +44/,
        /block_0.*\[null,null,4\] +82/,
        /head.*\[null,null,11\] +55/,
      ])
        expect(text).toMatch(part);
      expect(text).toMatch(/Total params: 181/);
    }));
});

describe('forward', () => {
  it('runs every layer in order through the function it is given', () =>
    withTiny({numLayers: 2}, (model) => {
      const seen: string[] = [];
      const run: RunLayer = vi.fn((layer, x, options) => {
        seen.push(layer.name);
        return layer.pass(x, options);
      });
      tf.tidy(() => {
        const tokens = tf.tensor2d(rows, undefined, 'int32');
        const logits = model.forward(tokens, {training: false}, run);
        expect(logits.dataSync()).toEqual(model.logits(rows).dataSync());
      });
      expect(seen).toEqual(['embedding', 'block_0', 'block_1', 'head']);
    }));
});
