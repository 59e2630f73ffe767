import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {longConvolution} from '../../src/kernels/long-convolution';
import {type ConvolutionState, onlineConvolution} from '../../src/kernels/online-convolution';
import {Random} from '../../src/random';
import {randomTensor} from '../engines/simd/backends';

/** A sequence that is fed in pieces. */
export interface OnlineCase {
  batch: number;
  channels: number;
  taps: number;
  pieces: number[];
  /** How much room the state has from the start; 0: what is needed. */
  capacity: number;
  seed: number;
}

/** Sequences of some `longest` positions at most. */
export const onlineCases = ({longest, largestPiece}: {longest: number; largestPiece: number}) =>
  fc.record<OnlineCase>({
    batch: fc.integer({min: 1, max: 2}),
    channels: fc.integer({min: 1, max: 6}),
    taps: fc.integer({min: 1, max: 2 * longest}),
    pieces: fc.array(fc.oneof(fc.constant(1), fc.integer({min: 1, max: largestPiece})), {
      minLength: 1,
      maxLength: Math.ceil((2 * longest) / largestPiece),
    }),
    capacity: fc.oneof(fc.constant(0), fc.integer({min: 1, max: 2 * longest})),
    seed: fc.nat(),
  });

/** The outputs of the pieces together, and what the whole sequence gives. */
export function inPieces({batch, channels, taps, pieces, capacity, seed}: OnlineCase) {
  const random = new Random(seed, 'online');
  const time = pieces.reduce((sum, size) => sum + size, 0);
  let results: {whole: ArrayLike<number>; pieces: ArrayLike<number>} = {whole: [], pieces: []};
  tf.tidy(() => {
    const [x, filter] = [randomTensor([batch, time, channels], random), randomTensor([taps, channels], random)];
    let state: ConvolutionState | null = null;
    let fed = 0;
    const outputs = pieces.map((size) => {
      const room = {...(capacity > 0 && {capacity: Math.max(capacity, 2 ** Math.ceil(Math.log2(fed + size)))})};
      const step: {output: tf.Tensor; state: ConvolutionState} = onlineConvolution(
        x.slice([0, fed], [batch, size]),
        filter,
        state,
        room,
      );
      state = step.state;
      fed += size;
      return step.output;
    });
    const [whole, together] = [longConvolution(x, filter), tf.concat(outputs, 1)];
    results = {whole: [...whole.dataSync()], pieces: [...together.dataSync()]};
  });
  return results;
}
