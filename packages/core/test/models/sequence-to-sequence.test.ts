import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {DataError, ShapeError} from '../../src/errors';
import {DecoderLayer} from '../../src/layers/decoder-layer';
import type {SequenceToSequence} from '../../src/models/sequence-to-sequence';
import {StreamState} from '../../src/streams/stream-state';
import {expectClose} from '../kernels/gradient-check';
import {artifactsOf} from '../saved-model';
import {TinySequenceToSequence, withTinySequences} from '../tiny-sequence-to-sequence';

const source = [
  [1, 6, 3, 2, 5],
  [4, 2, 6, 0, 0],
];
const target = [
  [1, 5, 3, 2],
  [1, 2, 0, 0],
];
const labels = [
  [5, 3, -100, 4],
  [2, 4, 0, 0],
];

const valuesOf = (tensor: tf.Tensor) => tf.tidy(() => tensor.dataSync());

/** The logits of a target that is fed in pieces that begin at 0 and at `cuts`. */
function streamed(model: SequenceToSequence, cuts: readonly number[]): number[] {
  let state = model.begin(source);
  const pieces = [0, ...cuts].map((start, i) => {
    const step = model.stream(
      target.map((row) => row.slice(start, cuts[i])),
      state,
    );
    state = step.state;
    return step.logits;
  });
  state.dispose();
  const whole = tf.tidy(() => Array.from(tf.concat(pieces, 1).dataSync()));
  tf.dispose(pieces);
  return whole;
}

/** Mean smoothed cross entropy and share of right tokens by definition, over labels other than -100 and padding. */
function score(model: SequenceToSequence, wanted: number[][], smoothing = 0): {loss: number; acc: number} {
  const logits = tf.tidy(() => model.logits({source, target}).arraySync());
  const losses: number[] = [];
  let right = 0;
  wanted.forEach((row, b) => {
    row.forEach((label, t) => {
      if (label === -100 || label === model.config.padToken) return;
      const sum = logits[b][t].reduce((total, logit) => total + Math.exp(logit), 0);
      const costs = logits[b][t].map((logit) => Math.log(sum) - logit);
      const mean = costs.reduce((total, cost) => total + cost, 0) / costs.length;
      losses.push((1 - smoothing) * costs[label] + smoothing * mean);
      if (logits[b][t].every((logit) => logit <= logits[b][t][label])) right++;
    });
  });
  return {loss: losses.reduce((total, loss) => total + loss, 0) / losses.length, acc: right / losses.length};
}

async function withTensors(body: (x: tf.Tensor[], y: tf.Tensor) => Promise<void>) {
  const [x1, x2, y] = [source, target, labels].map((rows) => tf.tensor2d(rows, undefined, 'int32'));
  await body([x1, x2], y);
  tf.dispose([x1, x2, y]);
}

describe('logits', () => {
  it('have the shape [batch, target time, vocabulary], and equal what predict and call give', () =>
    withTinySequences({}, (model) => {
      tf.tidy(() => {
        const whole = model.logits({source, target});
        expect(whole.shape).toEqual([2, 4, 6]);
        const inputs = [source, target].map((rows) => tf.tensor2d(rows, undefined, 'int32'));
        expect((model.predict(inputs) as tf.Tensor).dataSync()).toEqual(whole.dataSync());
        expect((model.apply(inputs) as tf.Tensor).dataSync()).toEqual(whole.dataSync());
        expect(model.logits({source: inputs[0], target: inputs[1]}).dataSync()).toEqual(whole.dataSync());
        expect(model.logits({source: source[0], target: target[0]}).dataSync()).toEqual(
          whole.dataSync().slice(0, 4 * 6),
        );
        expect(model.encode(source).shape).toEqual([2, 5, 4]);
      });
    }));

  it('depend on the source, and on the target up to their position', () =>
    withTinySequences({}, (model) => {
      tf.tidy(() => {
        const logits = (s: number[], t: number[]) => model.logits({source: s, target: t}).arraySync()[0];
        const before = logits(source[0], target[0]);
        const changed = logits(source[0], target[0].with(2, 4));
        expect(changed.slice(0, 2)).toEqual(before.slice(0, 2));
        for (const t of [2, 3]) expect(changed[t]).not.toEqual(before[t]);
        for (let s = 0; s < source[0].length; s++)
          expect(logits(source[0].with(s, (source[0][s] % 6) + 1), target[0])[0], `source ${s}`).not.toEqual(before[0]);
      });
    }));

  it('do not see padding, of the source or of the target', () =>
    withTinySequences({}, (model) => {
      tf.tidy(() => {
        const logits = valuesOf(model.logits({source: [4, 2, 6], target: [1, 2, 3]}));
        expectClose(
          valuesOf(model.logits({source: [4, 2, 6, 0, 0, 0], target: [1, 2, 3]})),
          logits,
          1e-6,
          'with a padded source',
        );
        const padded = model.logits({source: [4, 2, 6], target: [1, 0, 2, 3, 0]}).arraySync()[0];
        expect(padded[0]).toEqual(Array.from(logits.slice(0, 6)));
        expect(padded.flat().every(Number.isFinite)).toBe(true);
      });
    }));
});

describe('a stream', () => {
  it('of any pieces gives what the whole target gives', () =>
    withTinySequences({}, (model) => {
      const whole = tf.tidy(() => model.logits({source, target}).dataSync());
      fc.assert(
        fc.property(fc.subarray([1, 2, 3]), (cuts) => {
          expectClose(streamed(model, cuts), whole, 1e-5, `cut at ${cuts}`);
        }),
        {numRuns: 8},
      );
    }));

  it('computes the last position alone where asked, and again from its state', () =>
    withTinySequences({}, (model) => {
      tf.tidy(() => {
        const {logits, state} = model.stream(target, model.begin(source), {lastOnly: true});
        expect(logits.shape).toEqual([2, 1, 6]);
        const whole = model.logits({source, target}).slice([0, 3], [2, 1]);
        expectClose(logits.dataSync(), whole.dataSync(), 1e-6, 'last logits');
        expect(model.nextLogits(state).dataSync()).toEqual(logits.dataSync());
        state.dispose();
      });
    }));

  it('can be continued in two ways, and from its bytes', () =>
    withTinySequences({}, async (model) => {
      const first = model.stream([[1], [1]], model.begin(source));
      const copy = StreamState.fromBytes(await first.state.toBytes());
      const next = [copy, first.state].map((state) => model.stream([[5], [2]], state));
      expect(next[0].logits.dataSync()).toEqual(next[1].logits.dataSync());
      tf.dispose([first.logits, ...next.map(({logits}) => logits)]);
      for (const {state} of next) state.dispose();
    }));

  it('refuses a state of something else, other rows than the source has, and to predict before it was fed', () =>
    withTinySequences({}, (model) => {
      const foreign = new StreamState({keys: null});
      expect(() => model.stream(target, foreign)).toThrow(
        new DataError('tiny: the stream state is not of this model; begin(source) makes one'),
      );
      expect(() => model.stream(target, undefined as unknown as StreamState)).toThrow(DataError);
      const state = model.begin(source);
      expect(() => model.nextLogits(state)).toThrow(DataError);
      expect(() => model.stream([1], state)).toThrow(
        new ShapeError('tiny: the target has 1 rows, but the source has 2'),
      );
      state.dispose();
    }));

  it('ends at the longest target', () =>
    withTinySequences({maxSequenceLength: 5}, (model) => {
      tf.tidy(() => {
        const {state} = model.stream(target, model.begin(source));
        const {state: full} = model.stream([[1], [1]], state);
        expect(() => model.stream([[1], [1]], full)).toThrow(
          new ShapeError('tiny: the target has 6 tokens, but 5 are the most'),
        );
        expect(() => model.begin([1, 2, 3, 4, 5, 6])).toThrow('tiny: the source has 6 tokens, but 5 are the most');
        expect(() => model.logits({source: [1], target: [1, 2, 3, 4, 5, 1]})).toThrow('tiny: the target has 6 tokens');
        full.dispose();
      });
    }));
});

describe('loss', () => {
  it.each([0, 0.1])('is the mean over labels that count, with smoothing %d', (labelSmoothing) =>
    withTinySequences({labelSmoothing}, (model) => {
      const [loss, plain] = tf.tidy(() => [
        model.loss({source, target}, labels).dataSync()[0],
        model.loss({source, target}, labels, {labelSmoothing: 0}).dataSync()[0],
      ]);
      expect(loss).toBeCloseTo(score(model, labels, labelSmoothing).loss, 5);
      expect(plain).toBeCloseTo(score(model, labels).loss, 5);
    }),
  );

  it('is of the next tokens of the target where no labels are given', () =>
    withTinySequences({}, (model) => {
      tf.tidy(() => {
        const expected = model.loss(
          {source, target: target.map((row) => row.slice(0, -1))},
          target.map((row) => row.slice(1)),
        );
        expect(model.loss({source, target}).dataSync()).toEqual(expected.dataSync());
      });
      expect(() => model.loss({source, target: [[1], [1]]})).toThrow(DataError);
    }));

  it('names the side whose ids are wrong', () =>
    withTinySequences({}, (model) => {
      expect(() => model.loss({source: [[7]], target: [[1]]}, [[1]])).toThrow('tiny: source must be ids from 0 to 6');
      expect(() => model.loss({source: [[1]], target: [[6]]}, [[1]])).toThrow('tiny: target must be ids from 0 to 5');
      expect(() => model.loss({source: [[1]], target: [[1]]}, [[-1]])).toThrow('tiny: labels must be ids from 0 to 5');
    }));
});

describe('fit', () => {
  it('takes integer labels and an ignore index, and counts right tokens', () =>
    withTinySequences({labelSmoothing: 0.1}, (model) =>
      withTensors(async (x, y) => {
        const before = score(model, labels, 0.1);
        const optimizer = tf.train.sgd(0.1);
        model.compile({optimizer, metrics: ['acc']});
        const {history} = await model.fit(x, y, {epochs: 30, verbose: 0});
        expect(history.loss[0]).toBeCloseTo(before.loss, 5);
        expect(history.acc[0]).toBeCloseTo(before.acc, 5);
        expect(history.loss[29]).toBeLessThan(0.6 * (history.loss[0] as number));
        const [loss, acc] = tf.tidy(() => (model.evaluate(x, y) as tf.Scalar[]).map((value) => value.dataSync()[0]));
        expect(loss).toBeCloseTo(score(model, labels, 0.1).loss, 5);
        expect(acc).toBeCloseTo(score(model, labels).acc, 5);
        expect(tf.tidy(() => model.loss({source, target}, labels).dataSync()[0])).toBeCloseTo(loss, 5);
        optimizer.dispose();
      }),
    ));
});

describe('a model', () => {
  it.each([false, true])('is saved and loaded by tfjs, embeddings shared: %s', (shareEmbeddings) =>
    withTinySequences({shareEmbeddings, targetVocabSize: 7}, async (model) => {
      const loaded = (await tf.loadLayersModel(tf.io.fromMemory(await artifactsOf(model)))) as TinySequenceToSequence;
      expect(loaded).toBeInstanceOf(TinySequenceToSequence);
      expect(loaded.config).toEqual(model.config);
      const logits = (of: SequenceToSequence) => tf.tidy(() => of.logits({source, target}).dataSync());
      expect(logits(loaded)).toEqual(logits(model));
      loaded.dispose();
    }),
  );

  it.each([false, true])('frees everything when it is disposed, embeddings shared: %s', (shareEmbeddings) => {
    const before = tf.memory().numTensors;
    const model = new TinySequenceToSequence({shareEmbeddings, targetVocabSize: 7});
    const numVariables = tf.memory().numTensors - before;
    expect(model.dispose().numDisposedVariables).toBe(numVariables);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has two inputs and all its layers in the summary', () =>
    withTinySequences({}, (model) => {
      const lines: string[] = [];
      model.summary(undefined, undefined, (line) => lines.push(String(line)));
      for (const name of ['source', 'target', 'source_mask', 'encoder', 'decoder', 'head'])
        expect(lines.join('\n')).toMatch(new RegExp(`^${name} `, 'm'));
      expect(model.inputs.map(({shape}) => shape)).toEqual([
        [null, null],
        [null, null],
      ]);
    }));
});

describe('a decoder layer', () => {
  it('asks for the memory', () => {
    class Empty extends DecoderLayer {
      static readonly className = 'TestEmptyDecoder';
      begin = () => null;
      advance = (x: tf.Tensor) => ({output: x, state: null});
    }
    const layer = new Empty({name: 'empty'});
    const x = tf.ones([1, 1, 1]);
    expect(() => layer.forward(x, {training: false})).toThrow(ShapeError);
    x.dispose();
  });
});
