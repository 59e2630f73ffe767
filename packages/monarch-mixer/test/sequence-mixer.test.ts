import * as tf from '@tensorflow/tfjs';
import {inference, ShapeError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layers} from '../src';

const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);

describe('a sequence mixer', () => {
  const options = {maxSequenceLength: 8, filterSize: 4};
  const x = () => draw([1, 5, 4], 1);

  it('is left alone by padding before a sequence', () => {
    const layer = layers.sequenceMixer(options);
    tf.tidy(() => {
      const sequence = x();
      const alone = layer.apply(sequence) as tf.Tensor;
      const padded = tf.concat([draw([1, 2, 4], 2), sequence], 1);
      const attentionMask = tf.tensor2d([[0, 0, 1, 1, 1, 1, 1]]);
      const behind = layer.forward(padded, {...inference, attentionMask}).slice([0, 2, 0]);
      expect(behind.sub(alone).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    });
    layer.dispose();
  });

  it('says what cannot be done', () => {
    const [ahead, inBasis] = [{bidirectional: true}, {basisBlock: 4}].map((more) =>
      layers.sequenceMixer({...options, ...more, name: 'mixer'}),
    );
    tf.tidy(() => {
      expect(() => ahead.stream(x())).toThrow('mixer/convolution: looks ahead, so it cannot be fed in pieces');
      inBasis.apply(x());
      const attentionMask = tf.ones([1, 5]);
      expect(() => inBasis.forward(x(), {...inference, attentionMask})).toThrow('sequences cannot be padded');
      expect(() => ahead.apply(tf.zeros([1, 9, 4]))).toThrow(ShapeError);
    });
    const odd = layers.sequenceMixer({...options, basisBlock: 3, name: 'odd'});
    expect(() => odd.apply(tf.input({shape: [5, 4]}))).toThrow(
      'odd/convolution: basisBlock 3 must divide maxSequenceLength 8',
    );
    for (const weight of odd.weights) weight.dispose();
    ahead.dispose();
    inBasis.dispose();
  });
});
