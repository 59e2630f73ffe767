import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {CausalLayer} from '../../src/layers/causal-layer';
import type {ForwardOptions} from '../../src/layers/layer';
import {RMSNorm} from '../../src/layers/norms';
import {CausalResidualBlock} from '../../src/layers/residual-block';
import type {StateTree} from '../../src/streams/state-tree';
import type {StreamState, StreamStep} from '../../src/streams/stream-state';
import {normalPlain} from '../kernels/gradient-check';
import {RunningMean} from '../tiny-model';
import {apply, build, checkInSequential, toTensor} from './layer-check';
import {checkStream} from './stream-check';

/** y_t = x_{t-1}: gives out what it remembers and remembers what it is given, without an operation where it can. */
class Delay extends CausalLayer {
  static readonly className = 'TestDelay';

  advance(x: tf.Tensor, state: StateTree | null): StreamStep {
    const [batch, time, hidden] = x.shape as number[];
    const last = (state as tf.Tensor | null) ?? tf.zeros([batch, 1, hidden]);
    if (time === 1) return {output: last, state: x};
    const output = tf.concat([last, x.slice([0, 0], [-1, time - 1])], 1);
    return {output, state: x.slice([0, time - 1], [-1, 1])};
  }
}
tf.serialization.registerClass(Delay);

describe('CausalLayer', () => {
  it('gives in pieces what it gives whole', () => {
    const x = normalPlain([2, 6, 3], 1, 'x');
    for (const layer of [new RunningMean({}), new Delay({})]) {
      checkStream(build(layer, [null, null, 3]), x);
      layer.dispose();
    }
  });

  it('leaves inputs, outputs and states independent of each other, also where a layer passes tensors on', () => {
    const layer = new Delay({});
    const x = tf.ones([1, 1, 2]);
    const first = layer.stream(x);
    const second = layer.stream(x, first.state);
    second.state.dispose();
    expect([...x.dataSync()]).toEqual([1, 1]);
    expect([...first.output.dataSync()]).toEqual([0, 0]);
    expect([...second.output.dataSync()]).toEqual([1, 1]);
    tf.dispose([x, first.output, second.output]);
    layer.dispose();
  });

  it('can be streamed before it is used otherwise, and disposed after', () => {
    const layer = new RunningMean({});
    const plain = normalPlain([2, 3, 4], 1, 'x');
    const x = toTensor(plain);
    const {output, state} = layer.stream(x);
    expect(layer.weights.map((weight) => weight.originalName)).toEqual([`${layer.name}/projection/kernel`]);
    expect([...output.dataSync()]).toEqual(apply(layer, plain).data);
    // Another length and batch, as in training later on.
    expect(apply(layer, normalPlain([1, 7, 4], 1, 'x')).shape).toEqual([1, 7, 4]);
    tf.dispose([x, output]);
    state.dispose();
    layer.dispose();
  });

  it('runs as outside of training', () => {
    let training: boolean | undefined;
    class Spy extends Delay {
      override advance(x: tf.Tensor, state: StateTree | null, options?: {training: boolean}): StreamStep {
        training = options?.training;
        return super.advance(x, state);
      }
    }
    const x = tf.ones([1, 2, 2]);
    const {output, state} = new Spy({}).stream(x);
    expect(training).toBe(false);
    tf.dispose([x, output]);
    state.dispose();
  });

  it('is told how many positions came before each piece', () => {
    const fed: (number | undefined)[] = [];
    class Spy extends Delay {
      override advance(x: tf.Tensor, state: StateTree | null, options?: ForwardOptions): StreamStep {
        fed.push(options?.fed);
        return super.advance(x, state);
      }
    }
    const layer = new Spy({});
    let state: StreamState | null = null;
    for (const time of [2, 1, 3]) {
      const x = tf.ones([1, time, 2]);
      const step: {output: tf.Tensor; state: StreamState} = layer.stream(x, state);
      tf.dispose([x, step.output]);
      state = step.state;
    }
    state?.dispose();
    expect(fed).toEqual([0, 2, 3]);
  });

  it('takes steps of one kind unless it says otherwise, and a block those of its mixer', () => {
    class Kinds extends Delay {
      override stepKind(fed: number): string {
        return `kind ${fed % 2}`;
      }
    }
    class Block extends CausalResidualBlock<object> {
      static readonly className = 'TestKindsBlock';

      protected override parts() {
        return {mixer: new Kinds({}), feedForward: new RunningMean({}), norm: () => new RMSNorm()};
      }
    }
    const block = new Block({});
    build(block, [null, null, 2]);
    expect([0, 1, 2].map((fed) => new Delay({}).stepKind(fed))).toEqual(['', '', '']);
    expect([0, 1, 2].map((fed) => block.stepKind(fed))).toEqual(['kind 0', 'kind 1', 'kind 0']);
    block.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential([new RunningMean({}), new Delay({})], tf.randomNormal([2, 4, 3], 0, 1, 'float32', 1)));
});
