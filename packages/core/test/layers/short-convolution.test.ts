import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {inference} from '../../src/layers/layer';
import {ShortConvolution} from '../../src/layers/short-convolution';
import {expectClose, normalPlain, type Plain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential, toTensor} from './layer-check';
import {checkStream} from './stream-check';

/** The last row of the filter meets the position itself. */
function convolved(x: Plain, filter: Plain, bias?: Plain): number[] {
  const [, time, channels] = x.shape;
  const [size] = filter.shape;
  return x.data.map((_, place) => {
    const [row, c] = [Math.floor(place / channels), place % channels];
    let sum = bias?.data[c] ?? 0;
    for (let lag = 0; lag < size && lag <= row % time; lag++)
      sum += filter.data[(size - 1 - lag) * channels + c] * x.data[place - lag * channels];
    return sum;
  });
}

const cases = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 6}),
  channels: fc.integer({min: 1, max: 3}),
  size: fc.integer({min: 1, max: 4}),
  useBias: fc.boolean(),
  seed: fc.nat(),
});

describe('ShortConvolution', () => {
  it('is the convolution of each channel with its filter, in pieces too', () => {
    fc.assert(
      fc.property(cases, ({batch, time, channels, size, useBias, seed}) => {
        const layer = new ShortConvolution({size, useBias});
        const {filter, bias} = buildWithRandomWeights(layer, [null, null, channels], seed);
        const x = normalPlain([batch, time, channels], seed, 'x');
        expectClose(apply(layer, x).data, convolved(x, filter, bias), 1e-5, 'output', 0.1);
        checkStream(layer, x);
        layer.dispose();
      }),
      {numRuns: 10},
    );
  });

  it('remembers size - 1 rows, from the first piece on', () => {
    const layer = build(new ShortConvolution({size: 4}), [null, null, 2]);
    const [first, next] = [tf.ones([1, 1, 2]), tf.ones([1, 5, 2])];
    const one = layer.stream(first);
    expect((one.state.tree as tf.Tensor).arraySync()).toEqual([
      [
        [0, 0],
        [0, 0],
        [1, 1],
      ],
    ]);
    const two = layer.stream(next, one.state);
    expect((two.state.tree as tf.Tensor).shape).toEqual([1, 3, 2]);
    tf.dispose([first, next, one.output, two.output]);
    two.state.dispose();
    layer.dispose();
  });

  it('takes padding for zeros', () => {
    const layer = new ShortConvolution({size: 3});
    buildWithRandomWeights(layer, [null, null, 2], 1);
    const x = normalPlain([1, 4, 2], 1, 'x');
    tf.tidy(() => {
      const attentionMask = tf.tensor2d([[0, 0, 1, 1]]);
      const padded = layer.forward(toTensor(x), {...inference, attentionMask}).slice([0, 2], [1, 2]);
      const alone = layer.forward(toTensor(x).slice([0, 2], [1, 2]), inference);
      expect(padded.dataSync()).toEqual(alone.dataSync());
    });
    layer.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential(
      [new ShortConvolution({size: 3}), new ShortConvolution({size: 2, useBias: false})],
      tf.randomNormal([2, 4, 3], 0, 1, 'float32', 1),
    ));
});
