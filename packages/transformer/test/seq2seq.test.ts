import * as tf from '@tensorflow/tfjs';
import {checkpointFiles, Random, saveCheckpoint} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type EncoderDecoder, type EncoderDecoderOptions, encoderDecoder, fromPretrained} from '../src';
import {countEncoderDecoderParameters} from '../src/seq2seq/config';
import {withDirectory} from './temporary';

const small: EncoderDecoderOptions = {
  sourceVocabSize: 9,
  targetVocabSize: 9,
  hiddenSize: 16,
  numHeads: 2,
  numEncoderLayers: 1,
  numDecoderLayers: 1,
  intermediateSize: 24,
  maxSequenceLength: 12,
  seed: 1,
};

const variants: [name: string, options: EncoderDecoderOptions][] = [
  ['the paper', {...small, normalization: 'post', shareEmbeddings: true, labelSmoothing: 0.1}],
  ['nn.Transformer as it comes', {...small, normalization: 'post', finalNorm: true}],
  [
    'pre-norm, unequal sides',
    {...small, targetVocabSize: 7, numDecoderLayers: 2, activation: 'gelu', outputBias: false, padToken: 3},
  ],
];

// Without 0 and 3, which are padding.
const source = [
  [1, 8, 4, 2],
  [5, 2, 6, 1],
];
const target = [
  [1, 5, 4, 2, 6],
  [2, 6, 5, 1, 4],
];

async function withModel(options: EncoderDecoderOptions, body: (model: EncoderDecoder) => void | Promise<void>) {
  const model = encoderDecoder(options);
  try {
    await body(model);
  } finally {
    model.dispose();
  }
}

const logitsOf = (model: EncoderDecoder, from = source, to = target) =>
  tf.tidy(() => model.logits({source: from, target: to}).arraySync());
const weightsOf = (model: EncoderDecoder) =>
  new Map(model.weights.map((weight) => [weight.originalName, weight.read().dataSync().slice()]));

/** Expects numbers to be the same up to the rounding of sums in another order. */
function expectClose(actual: number[], expected: number[], what: string) {
  expect(actual.length, what).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${what}: value ${i}`).toBeLessThan(2e-5);
  });
}

/** The logits of a target that is fed in pieces that begin at 0 and at `cuts`. */
function streamed(model: EncoderDecoder, to: number[][], cuts: readonly number[]): number[] {
  let state = model.begin(source);
  const pieces = [0, ...cuts].map((start, i) => {
    const step = model.stream(
      to.map((row) => row.slice(start, cuts[i])),
      state,
    );
    state = step.state;
    return step.logits;
  });
  state.dispose();
  return tf.tidy(() => {
    const whole = tf.concat(pieces, 1).arraySync().flat(2);
    tf.dispose(pieces);
    return whole;
  });
}

describe.each(variants)('an encoder-decoder, %s', (_, options) => {
  it('sees the whole source, and of the target what is before', () =>
    withModel(options, (model) => {
      const before = logitsOf(model);
      target[0].forEach((token, t) => {
        const changed = logitsOf(model, source, [target[0].with(t, token === 6 ? 5 : 6), target[1]]);
        expect(changed[0].slice(0, t)).toEqual(before[0].slice(0, t));
        for (let later = t; later < 5; later++) expect(changed[0][later]).not.toEqual(before[0][later]);
        expect(changed[1]).toEqual(before[1]);
      });
      source[0].forEach((token, s) => {
        const changed = logitsOf(model, [source[0].with(s, token === 6 ? 5 : 6), source[1]]);
        for (let t = 0; t < 5; t++) expect(changed[0][t]).not.toEqual(before[0][t]);
        expect(changed[1]).toEqual(before[1]);
      });
    }));

  it('does not see padding, and computes padded rows', () =>
    withModel(options, (model) => {
      const pad = model.config.padToken;
      const before = logitsOf(model).flat(2);
      const padded = source.map((row) => [...row, pad, pad, pad]);
      expectClose(logitsOf(model, padded).flat(2), before, 'logits with a padded source');
      const [memory] = tf.tidy(() => model.encode(padded).arraySync());
      expect(new Set(memory.flat().map((value) => value.toFixed(6))).size).toBeGreaterThan(50);
    }));

  it('does not depend on what padding is embedded as', () =>
    withModel(options, (model) => {
      const {padToken: pad} = model.config;
      const [from, to] = [[[1, pad, 4, 2, pad]], [[1, 5, pad, 2, 6]]];
      // The row of a padded token itself may change, and the logit of padding where the matrix is shared.
      const others = () =>
        logitsOf(model, from, to)[0]
          .filter((_, t) => t !== 2)
          .map((row) => row.toSpliced(pad, 1));
      const before = others();
      for (const table of model.weights.filter(({originalName}) => originalName.endsWith('embedding/table')))
        tf.tidy(() => {
          const row = tf
            .oneHot(tf.scalar(pad, 'int32'), table.shape[0] as number)
            .expandDims(1)
            .toFloat();
          // Not the same for all features, which a norm would take away.
          table.write(table.read().add(row.mul(tf.linspace(-1, 1, model.config.hiddenSize))));
        });
      expectClose(others().flat(), before.flat(), 'logits');
    }));

  it('gives in pieces what it gives whole, padded targets too', () =>
    withModel(options, (model) => {
      const pad = model.config.padToken;
      const targets = [target, [[1, 5, pad, 2, pad], target[1]], [[pad, pad, 1, 5, 4], target[1]]];
      const cases = fc.tuple(fc.constantFrom(...targets), fc.subarray([1, 2, 3, 4]));
      fc.assert(
        fc.property(cases, ([to, cuts]) => {
          expectClose(streamed(model, to, cuts), logitsOf(model, source, to).flat(2), `cut at ${cuts}`);
        }),
        {numRuns: 8},
      );
    }));

  it('gives every weight a gradient, but for the biases of keys, which have no effect', () =>
    withModel(options, (model) => {
      tf.tidy(() => {
        const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const {grads} = tf.variableGrads(() => model.loss({source, target}), variables);
        model.trainableWeights.forEach(({originalName}, i) => {
          const largest = grads[variables[i].name].abs().max().dataSync()[0];
          if (originalName.endsWith('keys/bias')) expect(largest, originalName).toBeLessThan(1e-6);
          else expect(largest, originalName).toBeGreaterThan(1e-5);
        });
      });
    }));

  it('learns to copy, and then generates what it learned', () =>
    withModel({...options, labelSmoothing: 0}, async (model) => {
      const sequences = [
        [4, 2, 5, 1],
        [5, 1, 6, 4],
        [2, 6, 1, 5],
      ];
      const wanted = sequences.map((row) => [2, ...row]);
      const optimizer = tf.train.adam(0.01);
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      let loss = Number.POSITIVE_INFINITY;
      for (let step = 0; step < 80 && loss > 0.05; step++) {
        const cost = optimizer.minimize(
          () => model.loss({source: sequences, target: wanted}),
          true,
          variables,
        ) as tf.Scalar;
        [loss] = cost.dataSync();
        cost.dispose();
      }
      optimizer.dispose();
      expect(loss).toBeLessThan(0.05);
      for (const sequence of sequences) {
        const copy: number[] = [];
        for await (const token of model.generate(sequence, {begin: 2, temperature: 0, maxTokens: 4})) copy.push(token);
        expect(copy).toEqual(sequence);
      }
    }));

  it('is saved and loaded to the bit, by tfjs and in the names of torch', () =>
    withModel(options, async (model) => {
      let artifacts: tf.io.ModelArtifacts = {};
      await model.save(
        tf.io.withSaveHandler(async (given) => {
          artifacts = given;
          return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
        }),
      );
      const byTfjs = (await tf.loadLayersModel(tf.io.fromMemory(artifacts))) as EncoderDecoder;
      const byNames = await withDirectory(async (directory) => {
        await saveCheckpoint(model, directory);
        return fromPretrained<EncoderDecoder>(directory);
      });
      for (const loaded of [byTfjs, byNames]) {
        expect(weightsOf(loaded)).toEqual(weightsOf(model));
        expect(logitsOf(loaded)).toEqual(logitsOf(model));
        loaded.dispose();
      }
      expect(byTfjs.config).toEqual(model.config);
      expect(byNames.config).toEqual({...model.config, seed: 0});
    }));

  it('gives numbers for a source of padding alone, and for one token', () =>
    withModel(options, (model) => {
      const pad = model.config.padToken;
      const [nothing, full] = logitsOf(model, [[pad, pad, pad, pad], source[1]]);
      expect(nothing.flat().every(Number.isFinite)).toBe(true);
      expect(full).toEqual(logitsOf(model)[1]);
      // Nothing of a source that no one may look at comes through, not even how long it is.
      expectClose(logitsOf(model, [[pad]], [target[0]]).flat(2), nothing.flat(), 'logits without a source');
      const [[first]] = logitsOf(model, [source[0]], [[target[0][0]]]);
      expectClose(first, logitsOf(model)[0][0], 'logits of one token');
    }));

  it('has the weights of its seed, as many as are counted, under names of their own', () =>
    withModel(options, async (model) => {
      expect(model.countParams()).toBe(countEncoderDecoderParameters(model.config));
      expect(weightsOf(model).size).toBe(model.weights.length);
      await withModel(options, (same) => expect(weightsOf(same)).toEqual(weightsOf(model)));
      await withModel({...options, seed: 2}, (other) => {
        for (const [name, values] of weightsOf(other))
          if (/kernel|table/.test(name)) expect(values, name).not.toEqual(weightsOf(model).get(name));
      });
    }));
});

describe('an encoder-decoder that does not scale its embeddings', () => {
  it('is one that does, with tables that are sqrt(hiddenSize) larger', () =>
    withModel(small, (scaled) =>
      withModel({...small, scaleEmbedding: false}, (plain) => {
        tf.tidy(() => {
          plain.weights.forEach((weight, i) => {
            const isTable = weight.originalName.endsWith('/table');
            weight.write(scaled.weights[i].read().mul(isTable ? 4 : 1));
          });
        });
        // A factor of 4 is exact.
        expect(logitsOf(plain)).toEqual(logitsOf(scaled));
      }),
    ));
});

describe('an encoder-decoder with dropout', () => {
  it('draws it in training alone, from the generator that it is given', () =>
    withModel({...small, dropout: 0.3}, (model) => {
      tf.tidy(() => {
        const drawn = (seed: number) =>
          model.logits({source, target}, {training: true, random: new Random(seed)}).dataSync();
        expect(drawn(1)).toEqual(drawn(1));
        expect(drawn(1)).not.toEqual(drawn(2));
        expect(model.logits({source, target}).dataSync()).toEqual(model.logits({source, target}).dataSync());
      });
    }));

  it('computes without it what the same weights give in a model that has none', () =>
    withModel({...small, dropout: 0.3}, async (model) => {
      const files = await checkpointFiles(model);
      const config = {...JSON.parse(files['config.json']), dropout: 0};
      const plain = await fromPretrained<EncoderDecoder>({config, weights: files['model.safetensors']});
      expect(plain.config.dropout).toBe(0);
      expect(logitsOf(plain)).toEqual(logitsOf(model));
      plain.dispose();
    }));
});
