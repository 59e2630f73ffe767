import * as tf from '@tensorflow/tfjs';
import {CheckpointError, checkpointFiles, DataError, ShapeError} from '@variants/core';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {fromPretrained, type M2Bert, type M2BertClassifier, m2Bert, m2BertClassifier} from '../src';

const small = {vocabSize: 9, hiddenSize: 8, numLayers: 1, intermediateSize: 8, maxSequenceLength: 6, filterSize: 4};
const tokens = [
  [1, 2, 3, 4, 5],
  [6, 7, 8, 0, 0],
];

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
    }),
  );
  return artifacts;
}

describe('an M2-BERT for masked tokens', () => {
  let model: M2Bert;
  beforeAll(() => {
    model = m2Bert(small);
  });
  afterAll(() => {
    model.dispose();
  });

  it('trains by compile and fit, and counts masked positions alone', async () => {
    const [x, y] = [tf.tensor2d(tokens, [2, 5], 'int32'), tf.fill([2, 5], -100, 'int32')];
    const labels = tf.tidy(() => tf.concat([x.slice([0, 0], [2, 1]), y.slice([0, 1])], 1));
    const trained = m2Bert(small);
    trained.compile({optimizer: tf.train.adam(0.05), metrics: ['acc']});
    const {history} = await trained.fit(x, labels, {epochs: 6, verbose: 0});
    expect(history.loss[5]).toBeLessThan(history.loss[0] as number);
    // Two positions count.
    for (const share of history.acc) expect([0, 0.5, 1]).toContain(share);
    trained.optimizer.dispose();
    trained.dispose();
    tf.dispose([x, y, labels]);
  });

  it('gives the same by predict, and when it was saved and loaded', async () => {
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(await artifactsOf(model)));
    tf.tidy(() => {
      const logits = model.logits(tokens).dataSync();
      const x = tf.tensor2d(tokens, [2, 5], 'int32');
      for (const each of [model, loaded]) expect((each.predict(x) as tf.Tensor).dataSync()).toEqual(logits);
    });
    loaded.dispose();
  });

  it('looks ahead', () => {
    tf.tidy(() => {
      const first = (last: number) =>
        model
          .logits([[1, 2, last]])
          .slice([0, 0, 0], [1, 1, -1])
          .dataSync();
      expect(first(3)).not.toEqual(first(4));
    });
  });

  it('tells kinds of tokens apart', () => {
    tf.tidy(() => {
      const plain = model.encode(tokens).dataSync();
      expect(model.encode(tokens, {tokenTypes: tokens.map((row) => row.map(() => 0))}).dataSync()).toEqual(plain);
      expect(model.encode(tokens, {tokenTypes: tokens.map((row) => row.map(() => 1))}).dataSync()).not.toEqual(plain);
    });
  });

  it('refuses what it cannot read', () => {
    expect(() => model.logits([[1, 2, 3, 4, 5, 6, 7]])).toThrow(ShapeError);
    expect(() => model.logits([[1, 2, 3, 4, 5, 6, 7]])).toThrow('7 tokens are more than maxSequenceLength 6; cut them');
    expect(() => model.logits([[9]])).toThrow(DataError);
    expect(() => model.loss([[1]], [[9]])).toThrow('labels must be ids from 0 to 8');
    expect(() => model.encode([[1]], {tokenTypes: [[2]]})).toThrow('tokenTypes must be ids from 0 to 1');
  });

  it("is read from Composer's files, whose names begin with model.", async () => {
    const files = await checkpointFiles(model);
    const weights = Object.fromEntries(
      model.layout.tensors(model.config).map(({theirs}) => [theirs, `model.${theirs}`]),
    );
    const renamed = rename(files['model.safetensors'], (name) => weights[name] ?? `model.${name}`);
    const copy = await fromPretrained<M2Bert>({config: JSON.parse(files['config.json']), weights: renamed});
    tf.tidy(() => {
      expect(copy.logits(tokens).dataSync()).toEqual(model.logits(tokens).dataSync());
    });
    copy.dispose();
  });

  it('says which configuration it cannot be', async () => {
    const files = await checkpointFiles(model);
    const weights = files['model.safetensors'];
    const config = JSON.parse(files['config.json']);
    const attempt = (changed: object) => fromPretrained<M2Bert>({config: {...config, ...changed}, weights});
    await expect(attempt({hidden_act: 'relu'})).rejects.toThrow(CheckpointError);
    await expect(attempt({hidden_act: 'relu'})).rejects.toThrow('hidden_act is "relu", but only "gelu" can be loaded');
    await expect(attempt({hidden_size: undefined})).rejects.toThrow(
      'its configuration lacks hidden_size, which layout m2-bert needs',
    );
    await expect(attempt({residual_long_conv: false})).rejects.toThrow(CheckpointError);
  });
});

describe('an M2-BERT that classifies', () => {
  const attentionMask = () =>
    tf.tensor2d([
      [1, 1, 1, 1, 1],
      [1, 1, 1, 0, 0],
    ]);

  it('learns labels by compile and fit', async () => {
    const model = m2BertClassifier({...small, numLabels: 3});
    const [x, y] = [tf.tensor2d(tokens, [2, 5], 'int32'), tf.tensor1d([2, 0], 'int32')];
    model.compile({optimizer: tf.train.adam(0.05), metrics: ['acc']});
    const {history} = await model.fit(x, y, {epochs: 15, verbose: 0});
    expect(history.acc[14]).toBe(1);
    expect(tf.tidy(() => model.loss(tokens, [2, 0]).dataSync()[0])).toBeLessThan(history.loss[0] as number);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  });

  it('embeds sentences, by the first position or the mean of all tokens, at length 1 on demand', () => {
    for (const pooling of ['first', 'mean', 'token'] as const) {
      const model: M2BertClassifier = m2BertClassifier({...small, pooling, normalizedEmbeddings: true});
      tf.tidy(() => {
        const options = {attentionMask: attentionMask()};
        const embeddings = model.sentenceEmbeddings(tokens, options);
        expect(embeddings.shape).toEqual([2, 8]);
        for (const length of embeddings.norm('euclidean', 1).dataSync()) expect(length).toBeCloseTo(1, 5);
        const [hidden, pooled] = [model.encode(tokens), model.pooled(tokens, options)];
        const first = hidden.slice([0, 0, 0], [2, 1, 8]).reshape([2, 8]);
        if (pooling === 'token') expect(pooled.dataSync()).toEqual(first.dataSync());
        // Of the second row, the mean is over three positions.
        const masked = model.pooled(tokens, options).dataSync();
        const unmasked = model.pooled(tokens).dataSync();
        if (pooling === 'mean') expect(masked).not.toEqual(unmasked);
        else expect(masked).toEqual(unmasked);
      });
      model.dispose();
    }
  });
});

/** A safetensors file with other names. */
function rename(file: Uint8Array, newName: (name: string) => string): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const renamed = Object.fromEntries(
    Object.entries(header).map(([name, entry]) => [name === '__metadata__' ? name : newName(name), entry]),
  );
  const text = new TextEncoder().encode(JSON.stringify(renamed));
  const result = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(result.buffer).setBigUint64(0, BigInt(text.length), true);
  result.set(text, 8);
  result.set(file.subarray(8 + length), 8 + text.length);
  return result;
}
