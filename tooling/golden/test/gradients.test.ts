import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, Linear} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {authorsGradients, gradientsOf} from '../src/gradients';

describe('gradients', () => {
  const build = () => {
    const layer = new Linear({name: 'linear', units: 2});
    layer.build([null, 1]);
    return layer;
  };

  it('are those of all weights by name, 0 for a weight that the loss does not depend on', () => {
    const layer = build();
    tf.tidy(() => {
      const [kernel] = layer.trainableWeights;
      const {loss, gradients} = gradientsOf(layer, () => kernel.read().mul([3, 5]).sum().asScalar());
      expect(loss.shape).toEqual([]);
      expect([...gradients].map(([name, gradient]) => [name, gradient.arraySync()])).toEqual([
        ['linear/kernel', [[3, 5]]],
        ['linear/bias', [0, 0]],
      ]);
    });
    tf.dispose(layer.weights.map((weight) => weight.read()));
  });

  it('get the authors’ names and shapes', () => {
    const layout: CheckpointLayout<object> = {
      name: 'made up',
      recognizes: () => true,
      readConfig: () => ({}),
      writeConfig: () => ({}),
      tensors: () => [
        {theirs: 'fc.weight', ours: 'linear/kernel', transpose: true},
        {theirs: 'fc.bias', ours: 'linear/bias'},
      ],
    };
    tf.tidy(() => {
      const ours = new Map<string, tf.Tensor>([
        ['linear/kernel', tf.tensor2d([[3, 5]])],
        ['linear/bias', tf.tensor1d([1, 2])],
      ]);
      const theirs = authorsGradients({layout, config: {}}, ours, 'chunkwise.grad.');
      expect(Object.entries(theirs).map(([name, gradient]) => [name, gradient.arraySync()])).toEqual([
        ['chunkwise.grad.fc.weight', [[3], [5]]],
        ['chunkwise.grad.fc.bias', [1, 2]],
      ]);
    });
  });
});
