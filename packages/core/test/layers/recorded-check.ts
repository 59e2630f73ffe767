import * as tf from '@tensorflow/tfjs';
import {expect} from 'vitest';
import type {CausalLayer} from '../../src/layers/causal-layer';
import {StepRecorder} from '../../src/streams/recorded-step';
import type {StateTree} from '../../src/streams/state-tree';
import {StreamState} from '../../src/streams/stream-state';
import {normalPlain} from '../kernels/gradient-check';
import {toTensor} from './layer-check';

/** Checks that 12 steps of one position give the same bits when the engine, which is active, runs their record. */
export function checkRecordedSteps(layer: CausalLayer, hidden: number): void {
  const x = toTensor(normalPlain([12, 1, hidden], 0, 'x'));
  let calls = 0;
  const recorder = new StepRecorder(() => layer.weights.map((weight) => weight.read()));
  const feed = (isRecorded: boolean) => {
    let state: StreamState | null = null;
    const values = Array.from({length: 12}, (_, t) => {
      const piece = x.slice([t, 0, 0], [1, 1, hidden]);
      const step: {output: tf.Tensor; state: StreamState} = StreamState.advance(
        state,
        {name: 'test', time: 1},
        (tree, capacity) => {
          const advance = (input: tf.Tensor, before: StateTree) => {
            calls++;
            return layer.advance(input, before, {training: false, capacity});
          };
          return isRecorded && tree ? recorder.advance(piece, tree, '', advance) : advance(piece, tree);
        },
      );
      const output = [...step.output.dataSync()];
      tf.dispose([piece, step.output]);
      state = step.state;
      return output;
    });
    (state as StreamState | null)?.dispose();
    return values;
  };
  const recorded = feed(true);
  // The first has no state yet, the second and the third are seen to be alike.
  expect(calls).toBe(3);
  expect(feed(false)).toEqual(recorded);
  recorder.dispose();
  x.dispose();
}
