import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {ConfigError} from '../../src/errors';
import {type Activation, activation, activations} from '../../src/layers/activations';
import {expectClose} from '../kernels/gradient-check';
import {definitions} from './activation-definitions';

describe('activation', () => {
  it.each(activations)('%s is its definition', (name) => {
    const x = [-30, -5, -1.5, -0.1, 0, 1e-4, 0.7, 1, 3, 30];
    const y = tf.tidy(() => activation(name)(tf.tensor2d(x, [2, 5])).dataSync());
    x.forEach((value, i) => {
      expectClose([y[i]], [definitions[name](value)], 1e-6, `${name}(${value})`, 1);
    });
  });

  it('of an unknown name is a ConfigError that lists the known ones', () => {
    expect(() => activation('swosh' as Activation)).toThrow(ConfigError);
    expect(() => activation('toString' as Activation)).toThrow(/"toString"; known are identity, relu, /);
  });
});
