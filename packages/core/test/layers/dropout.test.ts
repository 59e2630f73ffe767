import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {Dropout} from '../../src/layers/dropout';
import {withInitialization} from '../../src/layers/initializers';
import {Random} from '../../src/random';
import {apply, build, checkInSequential} from './layer-check';

const ones = {shape: [40, 50], data: new Array(2000).fill(1)};

describe('Dropout', () => {
  it('does nothing outside of training, and nothing at rate 0', () => {
    expect(apply(new Dropout({rate: 0.5}), ones).data).toEqual(ones.data);
    expect(apply(new Dropout({rate: 0}), ones, {training: true}).data).toEqual(ones.data);
  });

  it('in training zeroes its share of the values and lets the others grow', () => {
    for (const rate of [0.1, 0.5, 0.8]) {
      const {data} = apply(new Dropout({rate}), ones, {training: true});
      const zeros = data.filter((value) => value === 0).length;
      // Within four standard deviations of the binomial distribution.
      expect(Math.abs(zeros - 2000 * rate)).toBeLessThan(4 * Math.sqrt(2000 * rate * (1 - rate)));
      for (const value of data) if (value !== 0) expect(value).toBeCloseTo(1 / (1 - rate), 5);
    }
  });

  it('takes one number of the given generator per call: the same state draws the same mask', () => {
    const layer = new Dropout({rate: 0.5});
    const random = new Random(1);
    const start = random.state;
    const first = apply(layer, ones, {training: true, random}).data;
    const second = apply(layer, ones, {training: true, random}).data;
    expect(second).not.toEqual(first);
    const counter = new Random(1);
    counter.next();
    counter.next();
    expect(random.state).toEqual(counter.state);
    random.state = start;
    expect(apply(layer, ones, {training: true, random}).data).toEqual(first);
  });

  it('has a generator of its own, by the seed of initialization and its name', () => {
    const mask = (seed: number, name: string) => {
      const layer = withInitialization({seed}, () => build(new Dropout({rate: 0.5, name}), [null, 50]));
      return apply(layer, ones, {training: true}).data;
    };
    const first = mask(1, 'a');
    expect(mask(1, 'a')).toEqual(first);
    expect(mask(2, 'a')).not.toEqual(first);
    expect(mask(1, 'b')).not.toEqual(first);
  });

  it('drops in fit and not in evaluate', async () => {
    const identity = tf.layers.dense({units: 50, kernelInitializer: 'identity', inputShape: [50]});
    const model = tf.sequential({layers: [identity, new Dropout({rate: 0.5})]});
    const optimizer = tf.train.sgd(0);
    model.compile({optimizer, loss: 'meanSquaredError'});
    const x = tf.ones([8, 50]);
    const {history} = await model.fit(x, x, {epochs: 1, verbose: 0});
    // Zeros and twos in place of ones are each off by one.
    expect(history.loss[0]).toBeCloseTo(1, 5);
    const loss = model.evaluate(x, x) as tf.Scalar;
    expect(loss.dataSync()[0]).toBe(0);
    tf.dispose([x, loss]);
    optimizer.dispose();
    model.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential([tf.layers.dense({units: 3}), new Dropout({rate: 0.2})], tf.ones([2, 3])));
});
