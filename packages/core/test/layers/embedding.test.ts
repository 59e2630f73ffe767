import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {TiedHead, TokenEmbedding} from '../../src/layers/embedding';
import {ones} from '../../src/layers/initializers';
import {expectClose, normalPlain} from '../kernels/gradient-check';
import {apply, build, buildWithRandomWeights, checkInSequential, toTensor} from './layer-check';

const vocabSize = 5;
const hiddenSize = 3;

describe('TokenEmbedding', () => {
  it('gives the rows of its table, times its scale', () => {
    for (const scale of [undefined, 1.5]) {
      const layer = new TokenEmbedding({vocabSize, hiddenSize, scale});
      const {table} = buildWithRandomWeights(layer, [null, null]);
      const tokens = tf.tensor2d([[4, 0, 4]], undefined, 'int32');
      const y = apply(layer, tokens);
      expect(y.shape).toEqual([1, 3, hiddenSize]);
      const wanted = [4, 0, 4].flatMap((id) => table.data.slice(id * hiddenSize, (id + 1) * hiddenSize));
      expectClose(
        y.data,
        wanted.map((value) => value * (scale ?? 1)),
        1e-6,
        'rows',
      );
      tokens.dispose();
      layer.dispose();
    }
  });

  it('takes ids that are float32, as tfjs often hands them on', () => {
    const layer = new TokenEmbedding({vocabSize, hiddenSize});
    const {table} = buildWithRandomWeights(layer, [null, null]);
    expect(apply(layer, {shape: [1, 1], data: [2]}).data).toEqual(table.data.slice(6, 9));
    layer.dispose();
  });

  it('begins with a normal distribution of 0.02, or as its initializer says', () => {
    const layer = build(new TokenEmbedding({vocabSize: 100, hiddenSize: 50}), [null, null]);
    const deviation = Math.sqrt(tf.tidy(() => layer.table.square().mean().dataSync()[0]));
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(0.05);
    layer.dispose();
    const chosen = build(new TokenEmbedding({vocabSize: 2, hiddenSize: 1}, ones), [null, null]);
    expect([...chosen.table.dataSync()]).toEqual([1, 1]);
    chosen.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential(
      [new TokenEmbedding({vocabSize, hiddenSize, scale: 2})],
      tf.tensor2d([[1, 2, 3]], undefined, 'int32'),
    ));
});

describe('TiedHead', () => {
  it('multiplies with the table of its embedding, and has no weights of its own', () => {
    const embedding = new TokenEmbedding({vocabSize, hiddenSize, scale: 3});
    const {table} = buildWithRandomWeights(embedding, [null, null]);
    const head = new TiedHead(embedding);
    const x = normalPlain([2, 2, hiddenSize], 1, 'x');
    const y = apply(head, x);
    expect(y.shape).toEqual([2, 2, vocabSize]);
    expect(head.computeOutputShape([null, null, hiddenSize])).toEqual([null, null, vocabSize]);
    const wanted = Array.from({length: 4}, (_, row) =>
      Array.from({length: vocabSize}, (_, id) =>
        Array.from(
          {length: hiddenSize},
          (_, i) => x.data[row * hiddenSize + i] * table.data[id * hiddenSize + i],
        ).reduce((sum, product) => sum + product),
      ),
    ).flat();
    expectClose(y.data, wanted, 1e-5, 'logits');
    expect(head.weights).toEqual([]);
    embedding.dispose();
  });

  it('sends its gradient to the table, on top of that of the embedding', () => {
    const embedding = new TokenEmbedding({vocabSize, hiddenSize});
    buildWithRandomWeights(embedding, [null, null]);
    const head = new TiedHead(embedding);
    const variable = embedding.weights[0].read() as tf.Variable;
    const [value] = tf.tidy(() => {
      const tokens = tf.tensor2d([[1, 3]], undefined, 'int32');
      const probe = toTensor(normalPlain([1, 2, vocabSize], 2, 'probe'));
      const loss = (table: tf.Tensor, other: tf.Tensor) =>
        tf.gather(table, tokens).matMul(other.expandDims(0), false, true).mul(probe).sum() as tf.Scalar;
      const [first, second] = tf.grads(loss)([variable, variable.clone()]);
      const {grads} = tf.variableGrads(
        () => head.forward(embedding.forward(tokens)).mul(probe).sum() as tf.Scalar,
        [variable],
      );
      expectClose(grads[variable.name].dataSync(), first.add(second).dataSync(), 1e-5, 'gradient');
      return [grads[variable.name].abs().max().dataSync()[0]];
    });
    expect(value).toBeGreaterThan(0);
    embedding.dispose();
  });
});
