import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {DataError, ShapeError} from '../../src/errors';
import {artifactsOf} from '../saved-model';
import {TinyModel, withTiny} from '../tiny-model';
import {names, rows, score, targets, valuesOf} from './language-model-data';

/** Calls `body` with int32 tensors of the rows and the targets. */
async function withTensors(body: (x: tf.Tensor, y: tf.Tensor) => Promise<void>) {
  const x = tf.tensor2d(rows, undefined, 'int32');
  const y = tf.tensor2d(targets, undefined, 'int32');
  await body(x, y);
  tf.dispose([x, y]);
}

describe('loss', () => {
  it('is the mean cross entropy of each token given those before it', () =>
    withTiny({}, (model) => {
      const inputs = rows.map((row) => row.slice(0, -1));
      const next = rows.map((row) => row.slice(1));
      const loss = tf.tidy(() => model.loss(rows).dataSync()[0]);
      expect(loss).toBeCloseTo(score(model, inputs, next).loss, 5);
    }));

  it('is that of given targets, without those of -100', () =>
    withTiny({}, (model) => {
      const loss = tf.tidy(() => model.loss(rows, targets).dataSync()[0]);
      expect(loss).toBeCloseTo(score(model, rows, targets).loss, 5);
    }));

  it('refuses one token alone, targets of another shape and targets that are no ids', () =>
    withTiny({}, (model) => {
      expect(() => model.loss([3])).toThrow(DataError);
      expect(() => model.loss(rows, [1, 2])).toThrow(ShapeError);
      expect(() => model.loss([1, 2], [3, 11])).toThrow(
        /targets must be ids from 0 to 10, but number 1 of row 0 is 11/,
      );
      expect(() => model.loss([1, -100], [3, 4])).toThrow(/tokens must be ids/);
    }));
});

describe('compile and fit', () => {
  it('take integer targets with -100; loss and accuracy in the history are those of their definitions', () =>
    withTiny({}, (model) =>
      withTensors(async (x, y) => {
        const optimizer = tf.train.sgd(0.5);
        model.compile({optimizer, metrics: ['acc']});
        const before = score(model, rows, targets);
        const options = {batchSize: 2, verbose: 0, validationData: [x, y] as [tf.Tensor, tf.Tensor]};
        const {history} = await model.fit(x, y, {...options, epochs: 1});
        const after = score(model, rows, targets);
        expect(Object.keys(history).sort()).toEqual(['acc', 'loss', 'val_acc', 'val_loss']);
        expect(history.loss[0]).toBeCloseTo(before.loss, 5);
        expect(history.acc[0]).toBeCloseTo(before.acc, 5);
        expect(history.val_loss[0]).toBeCloseTo(after.loss, 5);
        expect(history.val_acc[0]).toBeCloseTo(after.acc, 5);
        expect(after.loss).toBeLessThan(before.loss);
        optimizer.dispose();
      }),
    ));

  it('learn a few rows by heart', () =>
    withTiny({numLayers: 1, hiddenSize: 8, maxSequenceLength: 6}, (model) =>
      withTensors(async (x, y) => {
        const optimizer = tf.train.adam(0.05);
        model.compile({optimizer, metrics: ['accuracy']});
        const {history} = await model.fit(x, y, {epochs: 50, verbose: 0});
        optimizer.dispose();
        expect(history.acc[49]).toBe(1);
        const [loss, acc] = model.evaluate(x, y) as tf.Scalar[];
        expect(loss.dataSync()[0]).toBeCloseTo(score(model, rows, targets).loss, 5);
        expect(acc.dataSync()[0]).toBe(1);
        tf.dispose([loss, acc]);
      }),
    ));

  it('take a loss and metrics of the user, and leave the loss method alone', () =>
    withTiny({}, (model) =>
      withTensors(async (x, y) => {
        const loss = tf.tidy(() => model.loss(rows, targets).dataSync()[0]);
        const largest = (_: tf.Tensor, logits: tf.Tensor) => logits.max();
        const squares = (_: tf.Tensor, logits: tf.Tensor) => logits.square().mean() as tf.Scalar;
        model.compile({optimizer: 'sgd', loss: squares, metrics: ['acc', largest]});
        const wanted = tf.tidy(() => model.logits(rows).square().mean().dataSync()[0]);
        const {history} = await model.fit(x, y, {epochs: 1, verbose: 0});
        expect(history.loss[0]).toBeCloseTo(wanted, 4);
        expect(Object.keys(history)).toEqual(['loss', 'acc', 'largest']);
        const fresh = new TinyModel();
        expect(tf.tidy(() => fresh.loss(rows, targets).dataSync()[0])).toBe(loss);
        expect(tf.tidy(() => model.loss(rows, targets).dataSync()[0])).toBeCloseTo(score(model, rows, targets).loss, 5);
        fresh.dispose();
      }),
    ));

  it('keep frozen layers as they are', () =>
    withTiny({numLayers: 1}, (model) =>
      withTensors(async (x, y) => {
        model.getLayer('block_0').trainable = false;
        model.compile({optimizer: 'sgd'});
        const before = valuesOf(model);
        const order = names(model);
        await model.fit(x, y, {epochs: 1, verbose: 0});
        const after = new Map(names(model).map((name, i) => [name, valuesOf(model)[i]]));
        order.forEach((name, i) => {
          if (name.startsWith('block_0')) expect(after.get(name), name).toEqual(before[i]);
          else expect(after.get(name), name).not.toEqual(before[i]);
        });
      }),
    ));
});

describe('save and loadLayersModel', () => {
  it('give back the same model: class, configuration and every bit of the weights', () =>
    withTiny({seed: 5, maxSequenceLength: 9}, async (model) => {
      const loaded = await tf.loadLayersModel(tf.io.fromMemory(await artifactsOf(model)));
      expect(loaded).toBeInstanceOf(TinyModel);
      expect((loaded as TinyModel).config).toEqual(model.config);
      expect(names(loaded)).toEqual(names(model));
      expect(valuesOf(loaded)).toEqual(valuesOf(model));
      tf.tidy(() => {
        expect((loaded as TinyModel).logits(rows).dataSync()).toEqual(model.logits(rows).dataSync());
      });
      loaded.dispose();
    }));

  it('carry a model through JSON after training', () =>
    withTiny({seed: 5}, (model) =>
      withTensors(async (x, y) => {
        model.compile({optimizer: 'sgd'});
        await model.fit(x, y, {epochs: 1, verbose: 0});
        const artifacts = await artifactsOf(model);
        const modelTopology = JSON.parse(JSON.stringify(artifacts.modelTopology));
        const loaded = (await tf.loadLayersModel(tf.io.fromMemory({...artifacts, modelTopology}))) as TinyModel;
        expect(valuesOf(loaded)).toEqual(valuesOf(model));
        loaded.compile({optimizer: 'sgd', metrics: ['acc']});
        const {history} = await loaded.fit(x, y, {epochs: 1, verbose: 0});
        expect(history.loss[0]).toBeCloseTo(score(model, rows, targets).loss, 5);
        loaded.dispose();
      }),
    ));
});
