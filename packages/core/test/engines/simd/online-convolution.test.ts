import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {setThreads} from '../../../src/engines/simd/register';
import {type ConvolutionState, onlineConvolution} from '../../../src/kernels/online-convolution';
import {Random} from '../../../src/random';
import {StepRecorder} from '../../../src/streams/recorded-step';
import type {StateTree} from '../../../src/streams/state-tree';
import {StreamState} from '../../../src/streams/stream-state';
import {expectClose} from '../../kernels/gradient-check';
import {inPieces, onlineCases} from '../../kernels/online-convolution-cases';
import {randomTensor} from './backends';

describe('onlineConvolution on the simd engine', () => {
  beforeAll(async () => {
    await tf.setBackend('simd');
    await setThreads(2);
  });

  afterAll(async () => {
    await setThreads(1);
    await tf.setBackend('cpu');
  });

  it('gives in pieces what longConvolution gives whole', () => {
    fc.assert(
      fc.property(onlineCases({longest: 900, largestPiece: 150}), (given) => {
        const {whole, pieces} = inPieces(given);
        expectClose(pieces, whole, 1e-5, 'pieces', 1);
      }),
      {numRuns: 100},
    );
  });

  it('gives position by position what longConvolution gives whole', () => {
    for (const capacity of [0, 300, 1024]) {
      const given = {batch: 2, channels: 5, taps: 700, pieces: [3, ...Array(600).fill(1)], capacity, seed: 1};
      const {whole, pieces} = inPieces(given);
      expectClose(pieces, whole, 1e-5, `pieces, capacity ${capacity}`);
    }
  });

  it('gives the same bits for any number of threads', async () => {
    const steps = () =>
      inPieces({batch: 2, channels: 70, taps: 900, pieces: [200, 64, 1, 130, 1, 1], capacity: 1024, seed: 2}).pieces;
    await setThreads(1);
    const alone = steps();
    await setThreads(3);
    expect(steps()).toEqual(alone);
  });

  it('takes a step again from the same state, which it may have written into', () => {
    tf.tidy(() => {
      const random = new Random(3, 'again');
      const filter = randomTensor([200, 3], random);
      let {state} = onlineConvolution(randomTensor([1, 5, 3], random), filter, null, {capacity: 256});
      for (let t = 5; t < 100; t++) {
        const [wrong, right] = [randomTensor([1, 1, 3], random), randomTensor([1, 1, 3], random)];
        const before: ConvolutionState = state;
        onlineConvolution(wrong, filter, before, {capacity: 256});
        const first = onlineConvolution(right, filter, before, {capacity: 256});
        const again = onlineConvolution(right, filter, before, {capacity: 256});
        expect([...again.output.dataSync()]).toEqual([...first.output.dataSync()]);
        state = again.state;
      }
    });
  });

  it('leaves a copy of its state as it is', () => {
    tf.tidy(() => {
      const random = new Random(4, 'copy');
      const filter = randomTensor([90, 2], random);
      const {state} = onlineConvolution(randomTensor([1, 40, 2], random), filter, null, {capacity: 128});
      const next = randomTensor([1, 33, 2], random);
      const copy = {
        ...state,
        inputs: state.inputs.clone(),
        carried: state.carried.clone(),
        blocks: state.blocks.clone(),
      };
      const before = [copy.inputs, copy.carried, copy.blocks].map((tensor) => [...tensor.dataSync()]);
      onlineConvolution(next, filter, state, {capacity: 128});
      expect([copy.inputs, copy.carried, copy.blocks].map((tensor) => [...tensor.dataSync()])).toEqual(before);
    });
  });

  /** Feeds ones to a recorded or computed stream of `channels` channels, a position at a time; `visit` sees each output. */
  function feedOnes(
    time: number,
    filter: tf.Tensor,
    isRecorded: boolean,
    visit: (output: tf.Tensor, t: number) => void,
  ) {
    const recorder = new StepRecorder(() => []);
    const ones = tf.ones([1, 1, filter.shape[1] as number]);
    let state: StreamState | null = null;
    let steps = 0;
    for (let t = 0; t < time; t++) {
      const fed: {output: tf.Tensor; state: StreamState} = StreamState.advance(
        state,
        {name: 'test', time: 1},
        (tree, capacity) => {
          const step = (x: tf.Tensor, before: StateTree) => {
            steps++;
            return onlineConvolution(x, filter, before as ConvolutionState | null, {capacity});
          };
          return tree && isRecorded ? recorder.advance(ones.clone(), tree, `${capacity}`, step) : step(ones, tree);
        },
      );
      state = fed.state;
      visit(fed.output, t);
      fed.output.dispose();
    }
    state?.dispose();
    recorder.dispose();
    ones.dispose();
    return steps;
  }

  it('is recorded, to the same bits', () => {
    const filter = randomTensor([300, 6], new Random(5, 'recorded'));
    const run = (isRecorded: boolean) => {
      const all: number[] = [];
      const steps = feedOnes(300, filter, isRecorded, (output) => all.push(...output.dataSync()));
      return {all, steps};
    };
    const [plain, recorded] = [run(false), run(true)];
    expect(recorded.all).toEqual(plain.all);
    // The first ones, and some whenever there is more room.
    expect(recorded.steps).toBeLessThan(12);
    filter.dispose();
  });

  it('takes hardly longer for a position when there are 16 times as many before it', () => {
    const filter = randomTensor([8192, 8], new Random(6, 'time'));
    const times: number[] = [];
    feedOnes(8192, filter, true, (_, t) => {
      if (Number.isInteger(Math.log2(t + 1))) times.push(performance.now());
    });
    filter.dispose();
    const perPosition = (log: number) => (times[log] - times[log - 1]) / 2 ** (log - 1);
    // Looking at all positions would take 16 times as long.
    expect(perPosition(13)).toBeLessThan(4 * perPosition(9));
  });
});
