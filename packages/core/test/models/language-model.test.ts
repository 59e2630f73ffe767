import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {DataError, ShapeError} from '../../src/errors';
import type {LanguageModel} from '../../src/models/language-model';
import {type StateTree, walkState} from '../../src/models/state-tree';
import type {StreamState} from '../../src/models/stream-state';
import {expectClose} from '../kernels/gradient-check';
import {artifactsOf} from '../saved-model';
import {TinyModel, withTiny} from '../tiny-model';

const rows = [
  [1, 7, 3, 3, 10, 0],
  [2, 2, 9, 4, 8, 5],
];
const targets = [
  [7, 3, -100, 10, 0, 4],
  [2, 9, 4, 8, 5, -100],
];

const names = (model: tf.LayersModel) => model.weights.map((weight) => weight.originalName);
const valuesOf = (model: tf.LayersModel) => model.getWeights().map((weight) => weight.dataSync());

/** Calls `body` with int32 tensors of the rows and the targets. */
async function withTensors(body: (x: tf.Tensor, y: tf.Tensor) => Promise<void>) {
  const x = tf.tensor2d(rows, undefined, 'int32');
  const y = tf.tensor2d(targets, undefined, 'int32');
  await body(x, y);
  tf.dispose([x, y]);
}

/** Mean cross entropy and share of right tokens by definition, in double precision, over targets other than -100. */
function score(model: LanguageModel, tokens: number[][], wanted: number[][]): {loss: number; acc: number} {
  const logits = tf.tidy(() => model.logits(tokens).arraySync());
  const losses: number[] = [];
  let right = 0;
  wanted.forEach((row, b) => {
    row.forEach((target, t) => {
      if (target === -100) return;
      const sum = logits[b][t].reduce((total, logit) => total + Math.exp(logit), 0);
      losses.push(Math.log(sum) - logits[b][t][target]);
      if (logits[b][t].every((logit) => logit <= logits[b][t][target])) right++;
    });
  });
  return {loss: losses.reduce((total, loss) => total + loss, 0) / losses.length, acc: right / losses.length};
}

/** The logits of a sequence that is fed in pieces of these lengths, as one list of values per piece. */
function streamed(model: LanguageModel, tokens: number[][], lengths: number[]): number[][][] {
  let state: StreamState | null = null;
  let start = 0;
  const logits: number[][][] = tokens.map(() => []);
  for (const length of lengths) {
    const piece = tokens.map((row) => row.slice(start, start + length));
    const step: {logits: tf.Tensor3D; state: StreamState} = model.stream(piece, state);
    step.logits.arraySync().forEach((row, b) => {
      logits[b].push(...row);
    });
    step.logits.dispose();
    state = step.state;
    start += length;
  }
  state?.dispose();
  return logits;
}

describe('logits', () => {
  it('have the shape [batch, time, vocabulary], from lists, rows, typed arrays and tensors alike', () =>
    withTiny({}, (model) => {
      tf.tidy(() => {
        const whole = model.logits(rows);
        expect(whole.shape).toEqual([2, 6, 11]);
        expect(model.logits(tf.tensor2d(rows, undefined, 'int32')).dataSync()).toEqual(whole.dataSync());
        const first = whole.dataSync().slice(0, 6 * 11);
        for (const tokens of [rows[0], Int32Array.from(rows[0]), [rows[0]]])
          expect(model.logits(tokens).dataSync()).toEqual(first);
      });
    }));

  it('equal what predict and call give', () =>
    withTiny({}, (model) => {
      tf.tidy(() => {
        const tokens = tf.tensor2d(rows, undefined, 'int32');
        const wanted = model.logits(tokens).dataSync();
        expect((model.predict(tokens) as tf.Tensor).dataSync()).toEqual(wanted);
        expect((model.apply(tokens) as tf.Tensor).dataSync()).toEqual(wanted);
      });
    }));

  it('draw dropout in training only', () =>
    withTiny({dropout: 0.5}, (model) => {
      tf.tidy(() => {
        const still = model.logits(rows).dataSync();
        expect(model.logits(rows).dataSync()).toEqual(still);
        expect(model.logits(rows, {training: true}).dataSync()).not.toEqual(still);
      });
    }));

  it('refuse what are no tokens', () =>
    withTiny({}, (model) => {
      const before = tf.memory().numTensors;
      for (const [tokens, message] of [
        [[], /at least one token, not \[1,0\]/],
        [[[]], /at least one token/],
        [[[1, 2], [3]], /row 1 has 1 and row 0 has 2/],
        [[1, 11], /ids from 0 to 10, but number 1 of row 0 is 11/],
        [[[1], [-1]], /number 0 of row 1 is -1/],
        [[0.5], /is 0.5/],
        [[Number.NaN], /is NaN/],
      ] as const) {
        expect(() => model.logits(tokens)).toThrow(DataError);
        expect(() => model.logits(tokens)).toThrow(message);
      }
      const flat = tf.tensor1d([1, 2], 'int32');
      expect(() => model.stream(flat)).toThrow(/\[batch, time\].*not \[2\]/);
      flat.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }));
});

describe('weights', () => {
  it('are float32, have names that are full paths, each once, in the order of the layers', () =>
    withTiny({numLayers: 1, maxSequenceLength: 8}, (model) => {
      expect(names(model)).toEqual([
        'embedding/table',
        'positions/table',
        'block_0/mixer_norm/weight',
        'block_0/mixer/projection/kernel',
        'block_0/feed_forward_norm/weight',
        'block_0/feed_forward/up/kernel',
        'block_0/feed_forward/up/bias',
        'block_0/feed_forward/down/kernel',
        'block_0/feed_forward/down/bias',
        'head/kernel',
        'head/bias',
      ]);
      for (const weight of model.getWeights()) expect(weight.dtype).toBe('float32');
      expect(model.trainableWeights).toHaveLength(11);
      expect(model.countParams()).toBe(model.getWeights().reduce((sum, weight) => sum + weight.size, 0));
    }));

  it('are the same for the same seed, and others for another', () => {
    const models = [0, 0, 1].map((seed) => new TinyModel({seed}));
    const [first, same, other] = models.map(valuesOf);
    expect(same).toEqual(first);
    names(models[0]).forEach((name, i) => {
      if (name.endsWith('kernel') || name.endsWith('table')) expect(other[i], name).not.toEqual(first[i]);
    });
    for (const model of models) model.dispose();
  });

  it('are alike in blocks, but no two of them equal', () =>
    withTiny({}, (model) => {
      const kernels = model.weights.filter((weight) => weight.originalName.endsWith('projection/kernel'));
      expect(kernels).toHaveLength(2);
      expect(kernels[0].read().dataSync()).not.toEqual(kernels[1].read().dataSync());
    }));

  it('can be averaged as federated training does: setWeights takes what getWeights gave', () =>
    withTiny({seed: 1}, (model) => {
      const other = new TinyModel({seed: 2});
      tf.tidy(() => {
        const theirs = other.getWeights();
        model.setWeights(model.getWeights().map((weight, i) => weight.add(theirs[i]).div(2)));
      });
      const [mean] = valuesOf(model);
      const before = new TinyModel({seed: 1});
      mean.forEach((value, i) => {
        expect(value).toBeCloseTo((valuesOf(before)[0][i] + valuesOf(other)[0][i]) / 2, 6);
      });
      before.dispose();
      other.dispose();
    }));

  it('are all freed by dispose', () => {
    const before = tf.memory().numTensors;
    const model = new TinyModel({maxSequenceLength: 4, dropout: 0.1});
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

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

describe('summary', () => {
  it('lists every layer with its shape and number of parameters', () =>
    withTiny({numLayers: 1}, (model) => {
      const lines: string[] = [];
      model.summary(undefined, undefined, (line) => lines.push(String(line)));
      const text = lines.join('\n');
      for (const part of [
        /embedding.*\[null,null,4\] +44/,
        /block_0.*\[null,null,4\] +82/,
        /head.*\[null,null,11\] +55/,
      ])
        expect(text).toMatch(part);
      expect(text).toMatch(/Total params: 181/);
    }));
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

describe('stream', () => {
  it('gives in pieces what it gives whole, and what training sees', () =>
    withTiny({}, (model) => {
      const whole = tf.tidy(() => model.logits(rows).dataSync());
      const cuts = fc.subarray([1, 2, 3, 4, 5]);
      fc.assert(
        fc.property(cuts, (at) => {
          const lengths = [...at, 6].map((end, i) => end - (at[i - 1] ?? 0));
          expectClose(streamed(model, rows, lengths).flat(2), whole, 1e-5, `pieces of ${lengths}`);
        }),
        {numRuns: 15},
      );
    }));

  it('with lastOnly gives the last position alone, and the same state', () =>
    withTiny({}, (model) => {
      const full = model.stream(rows);
      const last = model.stream(rows, null, {lastOnly: true});
      expect(last.logits.shape).toEqual([2, 1, 11]);
      tf.tidy(() => {
        expectClose(last.logits.dataSync(), full.logits.slice([0, 5], [-1, 1]).dataSync(), 1e-6, 'logits');
      });
      expect(leaves(last.state.tree)).toEqual(leaves(full.state.tree));
      for (const {logits, state} of [full, last]) {
        logits.dispose();
        state.dispose();
      }
    }));

  it('uses its state up, leaves clones and no other tensor', () =>
    withTiny({}, (model) => {
      const before = tf.memory().numTensors;
      const first = model.stream([1, 7]);
      const branch = first.state.clone();
      const a = model.stream([3], first.state);
      const b = model.stream([3], branch);
      expect(b.logits.dataSync()).toEqual(a.logits.dataSync());
      expect(() => model.stream([3], first.state)).toThrow(/already fed to stream/);
      for (const {logits} of [first, a, b]) logits.dispose();
      for (const {state} of [a, b]) state.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }));

  it('keeps its state when the tokens are refused, and stays of one size', () =>
    withTiny({}, (model) => {
      let {logits, state} = model.stream([1, 7]);
      logits.dispose();
      const {bytes} = state;
      expect(() => model.stream([99], state)).toThrow(DataError);
      const tensors = tf.memory().numTensors;
      for (let n = 0; n < 200; n++) {
        ({logits, state} = model.stream([n % 11], state));
        logits.dispose();
      }
      expect(state.bytes).toBe(bytes);
      expect(tf.memory().numTensors).toBe(tensors);
      state.dispose();
    }));

  it('lets the tokens of the caller be', () =>
    withTiny({}, (model) => {
      const tokens = tf.tensor2d([[1, 2]], undefined, 'int32');
      const {logits, state} = model.stream(tokens);
      logits.dispose();
      state.dispose();
      expect([...tokens.dataSync()]).toEqual([1, 2]);
      tokens.dispose();
    }));

  it('ends with a ShapeError at the limit of learned positions, where the state stays usable', () =>
    withTiny({maxSequenceLength: 4}, (model) => {
      expect(model.contextLength).toBe(4);
      let {logits, state} = model.stream([1, 2, 3]);
      logits.dispose();
      expect(() => model.stream([4, 5], state)).toThrow(ShapeError);
      ({logits, state} = model.stream([4], state));
      logits.dispose();
      expect(() => model.stream([5], state)).toThrow(/5 tokens is longer than maxSequenceLength 4/);
      state.dispose();
    }));
});

/** Every leaf of a tree of states with its path and values. */
function leaves(tree: StateTree): unknown[] {
  const list: unknown[] = [];
  walkState(tree, (leaf, path) => list.push([path, typeof leaf === 'number' ? leaf : [...leaf.dataSync()]]));
  return list;
}

describe('nextLogits', () => {
  it('are the logits of the last position, as often as one asks', () =>
    withTiny({}, (model) => {
      const {logits, state} = model.stream(rows);
      tf.tidy(() => {
        const last = logits.slice([0, 5], [-1, 1]).dataSync();
        for (let times = 0; times < 2; times++) {
          const next = model.nextLogits(state);
          expect(next.shape).toEqual([2, 1, 11]);
          expectClose(next.dataSync(), last, 1e-6, 'logits');
        }
      });
      logits.dispose();
      state.dispose();
    }));
});

describe('forward', () => {
  it('runs every layer in order through the function it is given', () =>
    withTiny({numLayers: 2}, (model) => {
      const seen: string[] = [];
      const run = vi.fn((layer, x) => {
        seen.push(layer.name);
        return layer.forward(x, {training: false});
      });
      tf.tidy(() => {
        const tokens = tf.tensor2d(rows, undefined, 'int32');
        const logits = model.forward(tokens, {training: false}, run);
        expect(logits.dataSync()).toEqual(model.logits(rows).dataSync());
      });
      expect(seen).toEqual(['embedding', 'block_0', 'block_1', 'head']);
    }));
});
