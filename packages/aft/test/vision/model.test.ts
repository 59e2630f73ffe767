import * as tf from '@tensorflow/tfjs';
import {checkpointFiles, ShapeError} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {type AftVision, type AftVisionOptions, aftVision, visionFromPretrained} from '../../src';
import {drawn} from '../drawn';

const small = {numClasses: 3, imageChannels: 1, patchSize: 2, hiddenSize: 8, numLayers: 1, intermediateSize: 16};
const grid = {gridRows: 4, gridColumns: 4, factorSize: 2};
const forms: [name: string, fields: Partial<AftVisionOptions>][] = [
  ['conv', {variant: 'conv', numHeads: 2, kernelSize: 3}],
  ['simple', {variant: 'simple', gridRows: 4, gridColumns: 4}],
  ['full', {variant: 'full', ...grid}],
  ['local', {variant: 'local', windowSize: 3, ...grid}],
];

/** A bright bar on the left, in the middle or on the right of some noise. */
function bars(count: number): {images: tf.Tensor; labels: tf.Tensor} {
  const places = Array.from({length: count}, (_, i) => i % 3);
  const marks = places.map((place) =>
    Array.from({length: 64}, (_, pixel) => (Math.floor((pixel % 8) / 3) === place ? 2 : 0)),
  );
  return tf.tidy(() => ({
    images: tf.tensor(marks.flat(), [count, 8, 8, 1]).add(drawn([count, 8, 8, 1], 1, 'noise', 0.1)),
    labels: tf.tensor2d(places, [count, 1], 'int32'),
  }));
}

const sameValues = (a: tf.LayersModel, b: tf.LayersModel) =>
  a.getWeights().every((weight, i) => tf.util.arraysEqual([...weight.dataSync()], [...b.getWeights()[i].dataSync()]));

describe.each(forms)('an image classifier, %s', (_, fields) => {
  const create = () => aftVision({...small, ...fields});

  it('learns by fit, counting right classes, and predicts what logits gives', async () => {
    const model = create();
    const {images, labels} = bars(12);
    model.compile({optimizer: tf.train.adam(0.03), metrics: ['accuracy']});
    const {history} = await model.fit(images, labels, {epochs: 25, batchSize: 12, verbose: 0, shuffle: false});
    expect(history.acc.at(-1)).toBe(1);
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0] as number);
    tf.tidy(() => {
      const loss = model.loss(images, labels.reshape([12]));
      expect(loss.dataSync()[0]).toBeLessThan(0.4);
      const [predicted, logits] = [model.predict(images) as tf.Tensor, model.logits(images)];
      expect(predicted.dataSync()).toEqual(logits.dataSync());
    });
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([images, labels]);
  });

  it("comes back from its files and by tfjs's own way", async () => {
    const model = create();
    const files = await checkpointFiles(model);
    const source = {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
    const loaded = await visionFromPretrained(source);
    expect(sameValues(loaded, model)).toBe(true);
    expect({...loaded.config, seed: 0}).toEqual(model.config);
    let artifacts: tf.io.ModelArtifacts = {};
    await model.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = saved;
        return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
      }),
    );
    const again = (await tf.loadLayersModel(tf.io.fromMemory(artifacts))) as AftVision;
    expect(sameValues(again, model)).toBe(true);
    for (const each of [model, loaded, again]) each.dispose();
  });
});

it('refuses images that are no whole patches, or others than it has positions for', () => {
  const [conv, full] = [forms[0], forms[2]].map(([, fields]) => aftVision({...small, ...fields}));
  const logits = (model: AftVision, height: number) => () => tf.tidy(() => model.logits(tf.zeros([1, height, 8, 1])));
  expect(logits(conv, 9)).toThrow(ShapeError);
  expect(logits(conv, 9)).toThrow(/images \[1,9,8,1\] must be some patches of 2 pixels/);
  expect(logits(full, 6)).toThrow(/an image of \[3, 4\] patches must have \[4, 4\]/);
  expect(logits(conv, 6)().dispose()).toBeUndefined();
  for (const model of [conv, full]) model.dispose();
});
