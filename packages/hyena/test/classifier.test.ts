import * as tf from '@tensorflow/tfjs';
import {ConfigError, checkpointFiles, DataError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {fromPretrained, HyenaClassifier, type HyenaClassifierOptions, hyenaClassifier} from '../src';

const small: HyenaClassifierOptions = {
  vocabSize: 8,
  hiddenSize: 8,
  numLayers: 1,
  intermediateSize: 8,
  maxSequenceLength: 6,
  filterSize: 4,
  numLabels: 3,
};

describe.each(['mean', 'before-padding'] as const)('a classifier that looks at %s', (pooling) => {
  const create = () => hyenaClassifier({...small, pooling});

  it('learns by fit, and comes back from files', async () => {
    const model = create();
    const tokens = tf.tensor2d(
      [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [1, 1, 5, 5],
      ],
      undefined,
      'int32',
    );
    const labels = tf.tensor1d([0, 1, 2], 'int32');
    const optimizer = tf.train.adam(0.08);
    model.compile({optimizer, metrics: ['acc']});
    const {history} = await model.fit(tokens, labels, {epochs: 15, verbose: 0});
    expect(history.acc[14]).toBe(1);
    const [loss] = tf.tidy(() => model.loss(tokens, labels).dataSync());
    expect(loss).toBeLessThan(0.5);

    const files = await checkpointFiles(model);
    const source = {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
    const loaded = await fromPretrained<HyenaClassifier>(source);
    expect(loaded.config).toEqual({...model.config, seed: 0});
    const saved: tf.io.ModelArtifacts[] = [];
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved.push(artifacts);
        return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
      }),
    );
    const restored = (await tf.loadLayersModel(tf.io.fromMemory(saved[0]))) as HyenaClassifier;
    expect(restored).toBeInstanceOf(HyenaClassifier);
    tf.tidy(() => {
      const expected = model.logits(tokens).dataSync();
      for (const other of [loaded, restored]) expect(other.logits(tokens).dataSync()).toEqual(expected);
      expect((model.predict(tokens) as tf.Tensor).dataSync()).toEqual(expected);
    });
    for (const each of [model, loaded, restored, optimizer]) each.dispose();
    tf.dispose([tokens, labels]);
  });

  it('refuses what it cannot be', () => {
    expect(() => hyenaClassifier({...small, numLabels: 0})).toThrow(ConfigError);
    expect(() => hyenaClassifier({...small, attentionLayers: [1]})).toThrow(/^hyenaClassifier: attentionLayers names/);
    const model = create();
    expect(() => model.logits([[9]])).toThrow(DataError);
    model.dispose();
  });
});

it('looks at the position before the first padding, at the last where that is none', () => {
  const model = hyenaClassifier({...small, pooling: 'before-padding', padToken: 4});
  tf.tidy(() => {
    const logitsOf = (row: number[]) => model.logits([row]).dataSync();
    // What follows a position cannot change it.
    expect(logitsOf([1, 2, 4, 5])).toEqual(logitsOf([1, 2, 4, 6]));
    expect(logitsOf([1, 2, 3, 5])).not.toEqual(logitsOf([1, 2, 3, 6]));
    // A sequence that begins with padding counts to its end.
    expect(logitsOf([4, 1, 2, 5])).not.toEqual(logitsOf([4, 1, 2, 6]));
  });
  model.dispose();
});
