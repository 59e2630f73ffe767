import {cp, mkdir, readdir, readFile, rm, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {registerFileUrls} from '../../src/files/file-urls';
import {TinyModel, withTiny} from '../tiny-model';
import {checkpointErrorOf} from './errors';
import {served} from './serve';
import {inTemporaryDirectory} from './temporary';

registerFileUrls();

/** Every bit of a model's weights, by name. */
const bitsOf = (model: tf.LayersModel) =>
  model.weights.map((weight) => [weight.originalName, new Uint8Array(weight.read().dataSync().slice().buffer)]);

const load = (directory: string) => tf.loadLayersModel(`file://${directory}/model.json`);
const loadError = (directory: string) => checkpointErrorOf(() => load(directory));
const readJson = async (directory: string) => JSON.parse(await readFile(join(directory, 'model.json'), 'utf8'));
const writeJson = (directory: string, json: unknown) =>
  writeFile(join(directory, 'model.json'), typeof json === 'string' ? json : JSON.stringify(json));

/** A model of several kinds of layers, two inputs and two outputs. */
function branchedModel(): tf.LayersModel {
  const [words, image] = [tf.input({shape: [5], dtype: 'int32'}), tf.input({shape: [8, 8, 1]})];
  const read = tf.layers.embedding({inputDim: 7, outputDim: 3}).apply(words) as tf.SymbolicTensor;
  const last = tf.layers.lstm({units: 4}).apply(read) as tf.SymbolicTensor;
  const seen = tf.layers.conv2d({filters: 2, kernelSize: 3}).apply(image) as tf.SymbolicTensor;
  const even = tf.layers.batchNormalization().apply(seen) as tf.SymbolicTensor;
  const flat = tf.layers.flatten().apply(even) as tf.SymbolicTensor;
  const both = tf.layers.concatenate().apply([last, flat]) as tf.SymbolicTensor;
  return tf.model({
    inputs: [words, image],
    outputs: [tf.layers.dense({units: 2}).apply(both) as tf.SymbolicTensor, last],
  });
}

const denseModel = (units = 3) =>
  tf.sequential({layers: [tf.layers.dense({name: 'dense', units, inputShape: [2], biasInitializer: 'randomNormal'})]});

async function withModel<Model extends tf.LayersModel>(
  model: Model,
  action: (model: Model, directory: string) => Promise<void>,
): Promise<void> {
  await inTemporaryDirectory((directory) => action(model, join(directory, 'model')));
  model.dispose();
}

async function expectLoaded(model: tf.LayersModel, directory: string): Promise<void> {
  const loaded = await load(directory);
  expect(bitsOf(loaded)).toEqual(bitsOf(model));
  loaded.dispose();
}

describe('a model saved to a file:// URL', () => {
  it("is model.json and weights.bin, as tfjs-node's", () =>
    withModel(denseModel(), async (model, directory) => {
      model.setUserDefinedMetadata({classes: ['a', 'b', 'c']});
      const {modelArtifactsInfo} = await model.save(`file://${directory}/deeper/still`);
      expect(modelArtifactsInfo).toMatchObject({modelTopologyType: 'JSON', weightDataBytes: 36});
      const folder = join(directory, 'deeper/still');
      expect(await readdir(folder)).toEqual(['model.json', 'weights.bin']);
      expect(await readJson(folder)).toEqual({
        modelTopology: model.toJSON(null, false),
        format: 'layers-model',
        generatedBy: expect.stringMatching(/^TensorFlow.js tfjs-layers v/),
        convertedBy: null,
        userDefinedMetadata: {classes: ['a', 'b', 'c']},
        weightsManifest: [
          {
            paths: ['weights.bin'],
            weights: [
              {name: 'dense/kernel', shape: [2, 3], dtype: 'float32'},
              {name: 'dense/bias', shape: [3], dtype: 'float32'},
            ],
          },
        ],
      });
      const bytes = await readFile(join(folder, 'weights.bin'));
      expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual(
        model.weights.flatMap((weight) => [...weight.read().dataSync()]),
      );
    }));

  it('comes back bit by bit, with its metadata', () =>
    withModel(branchedModel(), async (model, directory) => {
      model.setUserDefinedMetadata({note: 'ä'});
      await model.save(`file://${directory}`);
      const loaded = await load(directory);
      expect(bitsOf(loaded)).toEqual(bitsOf(model));
      expect(loaded.getUserDefinedMetadata()).toEqual({note: 'ä'});
      tf.tidy(() => {
        const x = [tf.tensor2d([[0, 1, 2, 3, 6]], undefined, 'int32'), tf.ones([1, 8, 8, 1])];
        const [outputs, expected] = [loaded, model].map((each) =>
          (each.predict(x) as tf.Tensor[]).map((output) => output.dataSync()),
        );
        expect(outputs).toEqual(expected);
      });
      loaded.dispose();
    }));

  it('comes back with values that are no ordinary numbers', () =>
    withModel(denseModel(), async (model, directory) => {
      const values = [Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-45, 3.4028234663852886e38, Number.NEGATIVE_INFINITY];
      const weights = [tf.tensor2d(values, [2, 3]), tf.zeros([3])];
      model.setWeights(weights);
      tf.dispose(weights);
      await model.save(`file://${directory}`);
      await expectLoaded(model, directory);
    }));

  it('comes back as the model of this package that it is', () =>
    withTiny({seed: 5, maxSequenceLength: 9}, (model) =>
      inTemporaryDirectory(async (directory) => {
        await model.save(`file://${directory}`);
        const loaded = (await load(directory)) as TinyModel;
        expect(loaded).toBeInstanceOf(TinyModel);
        expect(loaded.config).toEqual(model.config);
        expect(bitsOf(loaded)).toEqual(bitsOf(model));
        loaded.dispose();
      }),
    ));

  it('goes on training as if it had never stopped when its optimizer is saved too', () =>
    withModel(denseModel(), async (model, directory) => {
      const [x, y] = [tf.randomUniform([4, 2], -1, 1, 'float32', 1), tf.randomUniform([4, 3], -1, 1, 'float32', 2)];
      const fit = (trained: tf.LayersModel) => trained.fit(x, y, {epochs: 3, shuffle: false, verbose: 0});
      model.compile({optimizer: tf.train.adam(0.02), loss: 'meanSquaredError', metrics: ['mae']});
      await fit(model);
      // tfjs leaves the count of steps behind that it makes to save it.
      tf.engine().startScope();
      await model.save(`file://${directory}`, {includeOptimizer: true});
      tf.engine().endScope();
      expect((await readJson(directory)).trainingConfig).toMatchObject({loss: 'mean_squared_error'});
      const loaded = await load(directory);
      await fit(model);
      await fit(loaded);
      expect(bitsOf(loaded)).toEqual(bitsOf(model));
      for (const {optimizer} of [model, loaded]) optimizer.dispose();
      loaded.dispose();
      tf.dispose([x, y]);
    }));

  it("is read by tfjs's http loader, also when it took the place of another", () =>
    withModel(branchedModel(), async (model, directory) => {
      const older = denseModel();
      for (const saved of [older, model]) {
        await saved.save(`file://${directory}`);
        const files = await readdir(directory);
        const answers = await Promise.all(
          files.map(async (name) => [`/${name}`, new Uint8Array(await readFile(join(directory, name)))] as const),
        );
        const asked = await served(Object.fromEntries(answers), async (base) => {
          const loaded = await tf.loadLayersModel(`${base}/model.json`);
          expect(bitsOf(loaded)).toEqual(bitsOf(saved));
          loaded.dispose();
        });
        expect(asked.sort()).toEqual(files.map((name) => `/${name}`).sort());
      }
      older.dispose();
    }));

  it('takes the place of the one before, and of no other file', () =>
    withModel(denseModel(), async (model, directory) => {
      const older = denseModel(5);
      await mkdir(directory, {recursive: true});
      await writeFile(join(directory, 'weights-of-mine.bin'), '');
      for (const saved of [older, older, model]) {
        await saved.save(`file://${directory}`);
        await expectLoaded(saved, directory);
        const [weights] = (await readJson(directory)).weightsManifest[0].paths;
        expect((await readdir(directory)).sort()).toEqual(['model.json', 'weights-of-mine.bin', weights].sort());
      }
      older.dispose();
    }));

  it('leaves a weights.bin alone that is of no model', () =>
    withModel(denseModel(), async (model, directory) => {
      await mkdir(directory, {recursive: true});
      await writeFile(join(directory, 'weights.bin'), 'mine');
      for (let i = 0; i < 2; i++) await model.save(`file://${directory}`);
      expect(await readFile(join(directory, 'weights.bin'), 'utf8')).toBe('mine');
      await expectLoaded(model, directory);
    }));

  it('takes the place of a damaged one', () =>
    withModel(denseModel(), async (model, directory) => {
      await mkdir(directory, {recursive: true});
      await writeJson(directory, '{"weightsManifest": [{"pa');
      await model.save(`file://${directory}`);
      await expectLoaded(model, directory);
    }));

  it('removes what a process left half written an hour ago, not what one may be writing', () =>
    withModel(denseModel(), async (model, directory) => {
      await mkdir(directory, {recursive: true});
      const old = ['weights.bin.01234567.partial', 'model.json.01234567.partial', 'mine.bin.01234567.partial'];
      const young = 'weights.bin.89abcdef.partial';
      const date = new Date(Date.now() - 2 * 3_600_000);
      for (const name of [...old, young]) await writeFile(join(directory, name), '');
      for (const name of old) await utimes(join(directory, name), date, date);
      await model.save(`file://${directory}`);
      expect((await readdir(directory)).sort()).toEqual([
        'mine.bin.01234567.partial',
        'model.json',
        'weights.bin',
        young,
      ]);
    }));

  it('is the one that was saved last, whole, when saves were not waited for', () =>
    withModel(denseModel(), async (model, directory) => {
      const others = [denseModel(4), denseModel(5), denseModel(6)];
      await Promise.all([...others, model].map((saved) => saved.save(`file://${directory}`)));
      await expectLoaded(model, directory);
      expect(await readdir(directory)).toHaveLength(2);
      for (const other of others) other.dispose();
    }));

  it('is never mixed of two when it is replaced while it is loaded', () =>
    withModel(denseModel(), async (model, directory) => {
      const other = denseModel(7);
      const saved = [bitsOf(model), bitsOf(other)];
      await model.save(`file://${directory}`);
      for (let i = 0; i < 10; i++) {
        const saving = (i % 2 === 0 ? other : model).save(`file://${directory}`);
        const loaded = await load(directory);
        expect(saved).toContainEqual(bitsOf(loaded));
        loaded.dispose();
        await saving;
      }
      other.dispose();
    }));

  it('goes to paths with spaces and other signs, however the URL is written', () =>
    withModel(denseModel(), async (model, directory) => {
      await model.save(`file://${directory}/my%20m%C3%B6del #1`);
      expect(await readdir(directory)).toEqual(['my mödel #1']);
      await expectLoaded(model, `${directory}/my mödel #1`);
    }));

  it('says in one line why it cannot be written', () =>
    withModel(denseModel(), async (model, directory) => {
      await mkdir(directory, {recursive: true});
      const file = join(directory, 'file');
      await writeFile(file, '');
      const errorAt = (path: string) => checkpointErrorOf(() => model.save(`file://${path}`));
      expect(await errorAt(file)).toContain(`${file}: cannot be written (EEXIST`);
      expect(await errorAt(join(file, 'deeper'))).toContain(`${file}/deeper: cannot be written (ENOTDIR`);
      const folder = join(directory, 'folder');
      await mkdir(join(folder, 'model.json'), {recursive: true});
      expect(await errorAt(folder)).toContain(`${folder}: cannot be written (EISDIR`);
      expect(await readdir(folder)).toEqual(['model.json']);
      await rm(join(folder, 'model.json'), {recursive: true});
      await model.save(`file://${folder}`);
      await expectLoaded(model, folder);
    }));

  it('cannot have a topology in binary', async () => {
    const [{save}] = tf.io.getSaveHandlers('file:///nowhere');
    expect(await checkpointErrorOf(() => save?.({modelTopology: new ArrayBuffer(2)}))).toBe(
      '/nowhere: a model with a binary topology cannot be saved in model.json',
    );
  });
});

describe('a model written by others', () => {
  const bytes = (...values: number[]) => new Uint8Array(new Float32Array(values).buffer);

  it('is read from several files and groups, in subfolders too', () =>
    withModel(denseModel(), async (model, directory) => {
      await model.save(`file://${directory}`);
      const whole = await readFile(join(directory, 'weights.bin'));
      const json = await readJson(directory);
      const [kernel, bias] = json.weightsManifest[0].weights;
      await mkdir(join(directory, 'more'));
      // Files that begin in the middle of a value, and grow: tfjs itself reads zeros where the last one is longer.
      const cuts = {'group1-shard1of3.bin': [0, 2], 'group1-shard2of3.bin': [2, 4], 'group1-shard3of3.bin': [4, 24]};
      for (const [name, [start, end]] of Object.entries(cuts))
        await writeFile(join(directory, name), whole.subarray(start, end));
      await writeFile(join(directory, 'more/group2-shard1of1.bin'), whole.subarray(24));
      await rm(join(directory, 'weights.bin'));
      await writeJson(directory, {
        ...json,
        weightsManifest: [
          {paths: Object.keys(cuts), weights: [kernel]},
          {paths: ['more/group2-shard1of1.bin'], weights: [bias]},
        ],
      });
      await expectLoaded(model, directory);
      await cp(directory, `${directory} again`, {recursive: true});
      await model.save(`file://${directory} again`);
      await expectLoaded(model, `${directory} again`);
      expect(await readdir(`${directory} again`)).toEqual(expect.arrayContaining(Object.keys(cuts)));
    }));

  it.each([
    ['uint8', new Uint8Array([0, 1, 2, 3, 254, 255]), {scale: 0.5, min: -1}, [-1, -0.5, 0, 0.5, 126, 126.5]],
    [
      'uint16',
      new Uint16Array([0, 1, 2, 3, 65534, 65535]),
      {scale: 0.25, min: 0},
      [0, 0.25, 0.5, 0.75, 16383.5, 16383.75],
    ],
    ['float16', new Uint16Array([0, 0x3c00, 0xbc00, 0x4000, 0x3800, 0x7bff]), {}, [0, 1, -1, 2, 0.5, 65504]],
  ])('is read when its weights are quantized to %s', (dtype, stored, how, values) =>
    withModel(denseModel(), async (model, directory) => {
      await model.save(`file://${directory}`);
      const json = await readJson(directory);
      json.weightsManifest[0].weights[0].quantization = {dtype, original_dtype: 'float32', ...how};
      await writeJson(directory, json);
      await writeFile(join(directory, 'weights.bin'), Buffer.concat([new Uint8Array(stored.buffer), bytes(7, 8, 9)]));
      const loaded = await load(directory);
      expect(loaded.getWeights().map((weight) => [...weight.dataSync()])).toEqual([values, [7, 8, 9]]);
      loaded.dispose();
    }),
  );

  const node = (name: string, op: string, input: string[], attr: object) => ({name, op, input, attr});
  const float = {type: 'DT_FLOAT'};
  const graph = {
    modelTopology: {
      node: [
        node('x', 'Placeholder', [], {dtype: float, shape: {shape: {dim: [{size: '-1'}, {size: '2'}]}}}),
        node('w', 'Const', [], {dtype: float, value: {tensor: {dtype: 'DT_FLOAT', tensorShape: {dim: [{size: '2'}]}}}}),
        node('y', 'AddV2', ['x', 'w'], {T: float}),
      ],
      versions: {producer: 987},
    },
    format: 'graph-model',
    generatedBy: '2.15.0',
    convertedBy: 'TensorFlow.js Converter v4.22.0',
    signature: {
      inputs: {x: {name: 'x:0', dtype: 'DT_FLOAT', tensorShape: {dim: [{size: '-1'}, {size: '2'}]}}},
      outputs: {y: {name: 'y:0', dtype: 'DT_FLOAT', tensorShape: {dim: [{size: '-1'}, {size: '2'}]}}},
    },
    weightsManifest: [{paths: ['group1-shard1of1.bin'], weights: [{name: 'w', shape: [2], dtype: 'float32'}]}],
  };

  const resultOf = (model: tf.GraphModel) =>
    tf.tidy(() => [...(model.predict(tf.ones([1, 2])) as tf.Tensor).dataSync()]);

  it('is read and saved by loadGraphModel and its save, everything that it says with it', () =>
    inTemporaryDirectory(async (directory) => {
      await writeJson(directory, graph);
      await writeFile(join(directory, 'group1-shard1of1.bin'), bytes(1, 2));
      const model = await tf.loadGraphModel(`file://${directory}/model.json`);
      expect(resultOf(model)).toEqual([2, 3]);
      await model.save(`file://${directory}/again`);
      model.dispose();
      const {weightsManifest, ...described} = graph;
      const paths = ['weights.bin'];
      expect(await readJson(join(directory, 'again'))).toEqual({
        ...described,
        weightsManifest: [{...weightsManifest[0], paths}],
      });
      const again = await tf.loadGraphModel(`file://${directory}/again/model.json`);
      expect(resultOf(again)).toEqual([2, 3]);
      again.dispose();
    }));

  it('is saved when its weights are a stream', () =>
    inTemporaryDirectory(async (directory) => {
      const answers = {'/model.json': JSON.stringify(graph), '/group1-shard1of1.bin': bytes(3, 4)};
      await served(answers, async (base) => {
        const model = await tf.loadGraphModel(`${base}/model.json`, {streamWeights: true});
        await model.save(`file://${directory}`);
        model.dispose();
      });
      const loaded = await tf.loadGraphModel(`file://${directory}/model.json`);
      expect(resultOf(loaded)).toEqual([4, 5]);
      loaded.dispose();
    }));

  it('may hold strings', () =>
    inTemporaryDirectory(async (directory) => {
      const tensors = {strings: tf.tensor1d(['', 'ä', 'long enough']), after: tf.tensor1d([1, 2], 'int32')};
      const {data, specs} = await tf.io.encodeWeights(tensors);
      tf.dispose(tensors);
      const [{save}] = tf.io.getSaveHandlers(`file://${directory}`);
      await save?.({modelTopology: {}, weightSpecs: specs, weightData: data});
      const [{load: read}] = tf.io.getLoadHandlers(`file://${directory}/model.json`);
      expect(await read?.()).toMatchObject({weightSpecs: specs, weightData: data});
      await writeFile(join(directory, 'weights.bin'), new Uint8Array(data as ArrayBuffer).subarray(0, 9));
      expect(await checkpointErrorOf(() => read?.())).toContain('but weights.bin holds 9');
    }));
});

describe('loading says in one line', () => {
  const withSaved = (action: (directory: string) => Promise<void>) =>
    withModel(denseModel(), async (model, directory) => {
      await model.save(`file://${directory}`);
      await action(directory);
    });

  it('that there is no such file', () =>
    inTemporaryDirectory(async (directory) => {
      expect(await loadError(directory)).toContain(`${directory}/model.json: cannot be read (ENOENT`);
    }));

  it('that a directory was named', () =>
    withSaved(async (directory) => {
      expect(await checkpointErrorOf(() => tf.loadLayersModel(`file://${directory}`))).toBe(
        `${directory}: is a directory; a model is loaded from the model.json in it`,
      );
    }));

  it.each([
    ['{"modelTopology": {', /model\.json: is no JSON \(.+\)$/],
    ['', /model\.json: is no JSON \(.+\)$/],
    ['[]', /model\.json: is no model of tfjs, as it has neither "modelTopology" nor "weightsManifest"$/],
    ['{"name": 1}', /model\.json: is no model of tfjs/],
    [
      {modelTopology: {}, weightsManifest: {}},
      /model\.json: "weightsManifest" is no list of \{paths, weights: \[\{name, shape, dtype\}\]\}$/,
    ],
    [{modelTopology: {}, weightsManifest: [null]}, /"weightsManifest" is no list/],
    [{modelTopology: {}, weightsManifest: [{paths: [1], weights: []}]}, /"weightsManifest" is no list/],
    [
      {modelTopology: {}, weightsManifest: [{paths: [], weights: [{name: 'a', shape: [-1], dtype: 'float32'}]}]},
      /no list/,
    ],
    [{modelTopology: {}, weightsManifest: [{paths: [], weights: [{name: 'a', shape: [1]}]}]}, /no list/],
    [
      {modelTopology: {}, weightsManifest: [{paths: [], weights: [{name: 'a', shape: [1], dtype: 'float64'}]}]},
      /weight "a" is stored as float64; known are string, float32, int32, bool, complex64, uint8, uint16, float16$/,
    ],
  ])('that model.json is damaged: %j', (json, message) =>
    withSaved(async (directory) => {
      await writeJson(directory, json);
      expect(await loadError(directory)).toMatch(message);
    }),
  );

  it('that a weight file is missing', () =>
    withSaved(async (directory) => {
      await rm(join(directory, 'weights.bin'));
      expect(await loadError(directory)).toContain(`${directory}/weights.bin: cannot be read (ENOENT`);
    }));

  it.each([0, 35, 37])('that the weights do not fit a file of %d bytes', (size) =>
    withSaved(async (directory) => {
      await writeFile(join(directory, 'weights.bin'), new Uint8Array(size));
      expect(await loadError(directory)).toBe(
        `${directory}/model.json: its weights take 36 bytes, but weights.bin holds ${size}`,
      );
    }),
  );
});
