import type * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type {CausalLayer} from '../../src/layers/causal-layer';
import type {StreamState} from '../../src/streams/stream-state';
import {expectClose, type Plain} from '../kernels/gradient-check';
import {apply, toTensor} from './layer-check';

/** Expects a layer to give in pieces what it gives whole, wherever x [batch, time, ...] is cut. */
export function checkStream(layer: CausalLayer, x: Plain): void {
  const [batch, time] = x.shape;
  const whole = apply(layer, x);
  const perPosition = whole.data.length / (batch * time);
  const cuts = fc.subarray(Array.from({length: time - 1}, (_, i) => i + 1));
  fc.assert(
    fc.property(cuts, (at) => {
      const input = toTensor(x);
      const rows: number[][] = Array.from({length: batch}, () => []);
      let state: StreamState | null = null;
      [0, ...at].forEach((start, i) => {
        const size = (at[i] ?? time) - start;
        const piece = input.slice([0, start], [batch, size]);
        const step: {output: tf.Tensor; state: StreamState} = layer.stream(piece, state);
        const values = step.output.dataSync();
        rows.forEach((row, b) => {
          row.push(...values.slice(b * size * perPosition, (b + 1) * size * perPosition));
        });
        piece.dispose();
        step.output.dispose();
        state = step.state;
      });
      (state as StreamState | null)?.dispose();
      input.dispose();
      expectClose(rows.flat(), whole.data, 1e-5, `pieces that begin at 0,${at}`);
    }),
    {numRuns: 12},
  );
}
