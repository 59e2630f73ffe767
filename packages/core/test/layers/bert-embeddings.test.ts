import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {BertEmbeddings, type BertEmbeddingsConfig} from '../../src/layers/bert-embeddings';
import {inference} from '../../src/layers/layer';
import {expectClose} from '../kernels/gradient-check';
import {build, drawWeights} from './layer-check';
import {checkStream} from './stream-check';

const small = {vocabSize: 7, hiddenSize: 4, name: 'embeddings'};
const tokens = [
  [1, 2, 3, 0, 0],
  [4, 5, 6, 1, 2],
];
const make = (config: Partial<BertEmbeddingsConfig> = {}) =>
  build(new BertEmbeddings({...small, ...config}), [null, null]);
const ids = () => tf.tensor2d(tokens, undefined, 'int32');

it('gives a stream what it gives the whole, with positions and without', () => {
  for (const maxSequenceLength of [null, 6]) {
    const layer = make({maxSequenceLength});
    drawWeights(layer, 1);
    checkStream(layer, {shape: [2, 5], data: tokens.flat()});
    expect(layer.contextLength).toBe(maxSequenceLength);
    layer.dispose();
  }
});

it('takes a prompt for kind 0 and what follows it for kind 1, in a stream too; kinds that are given win', () => {
  const layer = make();
  drawWeights(layer, 2);
  tf.tidy(() => {
    const prefix = tf.tensor2d([
      [1, 1, 0, 0, 0],
      [1, 1, 1, 0, 0],
    ]);
    const tokenTypes = tf.sub(1, prefix).toInt();
    const forKinds = layer.forward(ids(), {...inference, carried: {tokenTypes}}).dataSync();
    expect(layer.forward(ids(), {...inference, prefix}).dataSync()).toEqual(forKinds);
    const given = {...inference, prefix: tf.ones([2, 5]), carried: {tokenTypes}};
    expect(layer.forward(ids(), given).dataSync()).toEqual(forKinds);
    expect(layer.forward(ids(), inference).dataSync()).not.toEqual(forKinds);

    const first = layer.advance(ids().slice([0, 0], [2, 2]), null, {...inference, prefix: tf.ones([2, 2])});
    const second = layer.advance(ids().slice([0, 2], [2, 2]), first.state, inference);
    const third = layer.advance(ids().slice([0, 4], [2, 1]), second.state, inference);
    const ofRow = tf.concat([first.output, second.output, third.output], 1).slice(0, 1).dataSync();
    expect(ofRow).toEqual(forKinds.slice(0, 20));
  });
  layer.dispose();
});

it('has a prompt where there is one kind alone, or none', () => {
  for (const typeVocabSize of [0, 1]) {
    const layer = make({typeVocabSize});
    tf.tidy(() => {
      const plain = layer.forward(ids(), inference).dataSync();
      expect(layer.forward(ids(), {...inference, prefix: tf.zeros([2, 5])}).dataSync()).toEqual(plain);
    });
    layer.dispose();
  }
});

it('begins with a zero vector for padding, which no lookup trains', () => {
  const layer = make({padToken: 0});
  const {table} = layer.tokens;
  tf.tidy(() => {
    expect([...table.slice(0, 1).dataSync()]).toEqual([0, 0, 0, 0]);
    expect(table.slice(1).abs().min().dataSync()[0]).toBeGreaterThan(0);
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const loss = () => layer.forward(ids(), inference).square().mul(tf.range(0, 4)).sum() as tf.Scalar;
    const {grads} = tf.variableGrads(loss, variables);
    const gradient = grads[(table as tf.Variable).name];
    expect([...gradient.slice(0, 1).dataSync()]).toEqual([0, 0, 0, 0]);
    expect(gradient.slice(1).abs().max(1).min().dataSync()[0]).toBeGreaterThan(0);
  });
  layer.dispose();
});

it('divides by the root mean square alone where the norm is bare', () => {
  const layer = make({bareNorm: true, typeVocabSize: 0, normEpsilon: 0.01});
  expect(layer.weights.map(({originalName}) => originalName)).toEqual(['embeddings/tokens/table']);
  drawWeights(layer, 4);
  tf.tidy(() => {
    const words = layer.tokens.forward(ids());
    const wanted = words.div(words.square().mean(-1, true).add(0.01).sqrt());
    expectClose(layer.forward(ids(), inference).dataSync(), wanted.dataSync(), 1e-5, 'output');
  });
  layer.dispose();
});
