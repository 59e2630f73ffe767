import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {layers} from '../src';

describe('layers of structured matrices', () => {
  it('train in a tf.sequential', async () => {
    const model = tf.sequential({
      layers: [
        layers.blockDiagonalLinear({units: 10, numBlocks: 4, inputShape: [6]}),
        layers.monarchLinear({units: 6, numBlocks: 2}),
        layers.blockDiagonalLinear({units: 4, numBlocks: 3, shuffle: true, useBias: false}),
        layers.monarchLinear({units: 8, numBlocks: 4, useBias: false}),
      ],
    });
    const before = model.getWeights().map((weight) => weight.dataSync().slice());
    expect(model.countParams()).toBe(
      4 * 3 * 2 + 10 + (2 * 3 * 5 + 2 * 3 * 3 + 6) + 3 * 2 * 2 + (4 * 1 * 1 + 4 * 2 * 1),
    );
    const [x, y] = [tf.randomNormal([3, 6], 0, 1, 'float32', 1), tf.ones([3, 8])];
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    await model.fit(x, y, {verbose: 0});
    for (const [i, weight] of model.getWeights().entries()) expect(weight.dataSync()).not.toEqual(before[i]);
    model.dispose();
    tf.dispose([x, y]);
  });

  it('give outputs that vary as those of a dense layer do', () => {
    const x = tf.randomNormal([200, 48], 0, 1, 'float32', 1);
    for (const layer of [
      layers.blockDiagonalLinear({units: 48, numBlocks: 4, useBias: false}),
      layers.monarchLinear({units: 48, numBlocks: 4, useBias: false}),
    ]) {
      const variance = tf.tidy(() => (layer.apply(x) as tf.Tensor).square().mean().dataSync()[0]);
      // PyTorch's uniform distribution: 1 / 3.
      expect(variance).toBeGreaterThan(0.2);
      expect(variance).toBeLessThan(0.5);
      layer.dispose();
    }
    x.dispose();
  });

  it('refuse sizes that do not fit', () => {
    const input = tf.input({shape: [7]});
    expect(() => layers.monarchLinear({units: 4, numBlocks: 2, name: 'm'}).apply(input)).toThrow(
      'm: numBlocks = 2 must divide the 7 features of the input and 4 units',
    );
    expect(() => layers.blockDiagonalLinear({units: 4, numBlocks: 2, shuffle: true, name: 'b'}).apply(input)).toThrow(
      'b: 7 features cannot be dealt out to numBlocks = 2 evenly',
    );
  });
});
