import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {ShapeError} from '../../src/errors';
import {type ForwardOptions, lastDimension, VariantLayer} from '../../src/layers/layer';
import {Linear} from '../../src/layers/linear';
import {artifactsOf} from '../saved-model';
import {apply, build} from './layer-check';

/** Two layers of children below each other, and a weight of its own. */
class Outer extends VariantLayer<{depth: number}> {
  static readonly className = 'TestOuter';
  private inner?: Outer;
  private linear!: Linear;
  options?: ForwardOptions;

  override build(inputShape: tf.Shape): void {
    if (this.config.depth > 0) this.inner = this.child('inner', new Outer({depth: this.config.depth - 1}), inputShape);
    this.linear = this.child('linear', new Linear({units: 2}), inputShape);
    this.weight('own', [1], () => Float32Array.of(7));
  }

  forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    this.options = options;
    return this.linear.forward(this.inner ? this.inner.forward(x, options) : x);
  }
}
tf.serialization.registerClass(Outer);

const names = (weights: tf.LayerVariable[], layer: VariantLayer) =>
  weights.map((weight) => weight.originalName.slice(layer.name.length + 1));

describe('VariantLayer', () => {
  it('holds the weights of its children under their full paths, after its own, in the order they were added', () => {
    const layer = build(new Outer({depth: 1}), [null, 2]);
    const wanted = ['own', 'inner/own', 'inner/linear/kernel', 'inner/linear/bias', 'linear/kernel', 'linear/bias'];
    expect(names(layer.weights, layer)).toEqual(wanted);
    expect(names(layer.trainableWeights, layer)).toEqual(wanted);
    expect(layer.countParams()).toBe(1 + 1 + 6 + 6);
    expect(layer.path).toBe(layer.name);
    layer.dispose();
  });

  it('freezes layers inside of it by their paths, as its configuration says when it is made again', () => {
    const layer = build(new Outer({depth: 2}), [null, 2]);
    layer.frozenBelow = ['inner/inner', 'linear'];
    expect(layer.frozenBelow).toEqual(['inner/inner', 'linear']);
    const again = Outer.fromConfig(Outer, JSON.parse(JSON.stringify(layer.getConfig()))) as unknown as Outer;
    expect(again.getConfig()).toEqual(layer.getConfig());
    const wanted = ['own', 'inner/own', 'inner/linear/kernel', 'inner/linear/bias'];
    for (const one of [layer, build(again, [null, 2])]) {
      expect(names(one.trainableWeights, one)).toEqual(wanted);
      expect(names(one.weightsInUse, one)).toEqual(wanted);
      expect(one.weights).toHaveLength(9);
      one.frozenBelow = [];
      expect(one.trainableWeights).toHaveLength(9);
      expect(one.getConfig()).not.toHaveProperty('frozenLayers');
      one.dispose();
    }
    expect(() => {
      layer.frozenBelow = ['innner'];
    }).toThrow('has no layer "innner"; there are inner, inner/inner, inner/inner/linear, inner/linear, linear');
  });

  it('stays frozen inside of a tf.sequential that is saved and loaded', async () => {
    const layer = new Outer({depth: 1, inputShape: [2]});
    const model = tf.sequential({layers: [layer]});
    layer.frozenBelow = ['inner/linear'];
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(await artifactsOf(model)));
    expect(loaded.trainableWeights.map(({originalName}) => originalName)).toEqual(
      model.trainableWeights.map(({originalName}) => originalName),
    );
    expect(model.trainableWeights).toHaveLength(4);
    loaded.dispose();
    model.dispose();
  });

  it('freezes with its children, and again thaws', () => {
    const layer = build(new Outer({depth: 1, trainable: false}), [null, 2]);
    expect(layer.trainableWeights).toEqual([]);
    const frozen = names(layer.nonTrainableWeights, layer);
    expect(frozen).toHaveLength(6);
    expect(new Set(frozen).size).toBe(6);
    layer.trainable = true;
    expect(layer.nonTrainableWeights).toEqual([]);
    expect(layer.trainableWeights).toHaveLength(6);
    layer.dispose();
  });

  it('is in training only when tfjs says so, and passes the options on', () => {
    const layer = new Outer({depth: 0});
    apply(layer, {shape: [1, 2], data: [1, 2]});
    expect(layer.options).toEqual({training: false});
    const attentionMask = tf.ones([1, 1]);
    apply(layer, {shape: [1, 2], data: [1, 2]}, {training: true, attentionMask});
    expect(layer.options).toEqual({training: true, attentionMask});
    attentionMask.dispose();
    layer.dispose();
  });

  it('takes a second input as the mask of padding', () => {
    const layer = new Outer({depth: 0});
    const [x, mask] = [tf.ones([1, 2, 3]), tf.ones([1, 2])];
    (layer.apply([x, mask]) as tf.Tensor).dispose();
    expect(layer.options).toEqual({training: false, attentionMask: mask});
    tf.dispose([x, mask]);
    layer.dispose();
  });

  it('frees what its function leaves behind', () => {
    const layer = build(new Outer({depth: 1}), [null, 2]);
    const x = tf.ones([1, 2]);
    const before = tf.memory().numTensors;
    const y = layer.apply(x) as tf.Tensor;
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([x, y]);
    layer.dispose();
  });

  it('gives a configuration that makes the same layer', () => {
    const layer = new Outer({depth: 2, name: 'mine', trainable: false, inputShape: [4, 2]});
    const config = layer.getConfig();
    expect(config).toMatchObject({depth: 2, name: 'mine', trainable: false, inputShape: [4, 2]});
    const again = new Outer(config as never);
    expect(again.getConfig()).toEqual(config);
    const unnamed = new Outer({depth: 2, name: undefined});
    expect(unnamed.getConfig().name).toBe(unnamed.name);
  });
});

describe('lastDimension', () => {
  it('is that of a shape or of the only shape of a list', () => {
    expect(lastDimension([null, 3, 5], 'x')).toBe(5);
    expect(lastDimension([[null, 4]], 'x')).toBe(4);
    expect(() => lastDimension([2, null], 'block/up')).toThrow(ShapeError);
    expect(() => lastDimension([2, null], 'block/up')).toThrow(/^block\/up: /);
  });
});
