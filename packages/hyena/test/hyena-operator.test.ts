import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layers} from '../src';

const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('layers.hyena', () => {
  it('works in a tf.sequential, trains and streams', async () => {
    const layer = layers.hyena({inputShape: [6, 4], maxSequenceLength: 6, filterSize: 4});
    const model = tf.sequential({layers: [layer, tf.layers.dense({units: 1})]});
    model.compile({optimizer: 'adam', loss: 'meanSquaredError'});
    const [x, y] = [draw([2, 6, 4], 1), tf.ones([2, 6, 1])];
    await model.fit(x, y, {epochs: 1, verbose: 0});
    const whole = layer.apply(x) as tf.Tensor;
    const head = tf.tidy(() => x.slice([0, 0, 0], [-1, 4, -1]));
    const first = layer.stream(head);
    const last = tf.tidy(() => x.slice([0, 4, 0], [-1, 2, -1]));
    const second = layer.stream(last, first.state);
    tf.tidy(() => {
      const streamed = tf.concat([first.output, second.output], 1);
      expect(streamed.sub(whole).abs().max().dataSync()[0]).toBeLessThan(1e-5);
    });
    second.state.dispose();
    tf.dispose([x, y, whole, head, last, first.output, second.output]);
    model.dispose();
  });

  it('drops gated values in training alone', () => {
    const layer = layers.hyena({maxSequenceLength: 5, filterSize: 4, dropout: 0.5});
    const x = draw([1, 5, 8], 2);
    tf.tidy(() => {
      const [still, again, trained] = [{}, {}, {training: true}].map((options) => layer.apply(x, options) as tf.Tensor);
      expect(again.dataSync()).toEqual(still.dataSync());
      expect(trained.sub(still).abs().max().dataSync()[0]).toBeGreaterThan(1e-3);
    });
    x.dispose();
    layer.dispose();
  });

  it('says what a sequence must be', () => {
    const tooLong = layers.hyena({maxSequenceLength: 4, filterSize: 4});
    const inBlocks = layers.hyena({maxSequenceLength: 6, filterSize: 4, numBlocks: 2});
    tf.tidy(() => {
      const x = tf.ones([1, 5, 2]);
      expect(() => tooLong.apply(x)).toThrow(/sequence of 5 tokens is longer than maxSequenceLength 4/);
      expect(() => inBlocks.apply(x)).toThrow(/5 positions must be a multiple of numBlocks 2/);
      expect(() => inBlocks.stream(x)).toThrow(ConfigError);
      expect(() => layers.hyena({maxSequenceLength: 4, numHeads: 3}).apply(x)).toThrow(/must divide the width 2/);
    });
    for (const layer of [tooLong, inBlocks]) layer.dispose();
  });
});
