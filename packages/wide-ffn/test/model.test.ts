import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {layers, schemes, type WideFfn, type WideFfnOptions, wideFfn} from '../src';

const small: WideFfnOptions = {
  sourceVocabSize: 9,
  hiddenSize: 8,
  numHeads: 2,
  numEncoderLayers: 2,
  numDecoderLayers: 2,
  maxSequenceLength: 16,
};
const source = [
  [3, 4, 5, 2],
  [6, 2, 1, 1],
];
const target = [
  [2, 5, 4],
  [2, 7, 1],
];
const labels = [
  [5, 4, 2],
  [7, 2, 1],
];

async function withModel(options: WideFfnOptions, body: (model: WideFfn) => void | Promise<void>) {
  const model = wideFfn(options);
  try {
    await body(model);
  } finally {
    model.dispose();
  }
}

describe('the loss', () => {
  it('takes from the right token what it gives to all others, as fairseq does', () =>
    withModel({...small, labelSmoothing: 0.1}, (model) => {
      const logits = tf.tidy(() => model.logits({source, target}).arraySync());
      const V = 9;
      const costs = labels.flatMap((row, b) =>
        row.flatMap((label, t) => {
          if (label === 1) return [];
          const sum = Math.log(logits[b][t].reduce((total, logit) => total + Math.exp(logit), 0));
          const parts = logits[b][t].map((logit, token) => (sum - logit) * (token === label ? 0.9 : 0.1 / (V - 1)));
          return [parts.reduce((total, part) => total + part, 0)];
        }),
      );
      const mean = costs.reduce((total, cost) => total + cost, 0) / costs.length;
      expect(tf.tidy(() => model.loss({source, target}, labels).dataSync()[0])).toBeCloseTo(mean, 5);
    }));
});

describe.each([
  ['an encoder-decoder', small],
  ['a decoder alone', {...small, decoderOnly: true, numEncoderLayers: 0}],
] as const)('%s', (_, options) => {
  it('gives the same for padding on the left of a source as on the right', () =>
    withModel(options, (model) => {
      tf.tidy(() => {
        const right = model.logits({source: [[3, 4, 2, 1, 1]], target: [[2, 5, 6]]}).dataSync();
        const left = model.logits({source: [[1, 1, 3, 4, 2]], target: [[2, 5, 6]]}).dataSync();
        const none = model.logits({source: [[3, 4, 2]], target: [[2, 5, 6]]}).dataSync();
        for (const [i, value] of none.entries()) {
          expect(Math.abs(right[i] - value)).toBeLessThan(1e-5);
          expect(Math.abs(left[i] - value)).toBeLessThan(1e-5);
        }
      });
    }));

  it('finds greedily what generate writes', () =>
    withModel({...options, seed: 3}, async (model) => {
      const [[found]] = await model.beamSearch([source[0]], {beams: 1, maxTokens: 8});
      const written: number[] = [];
      for await (const token of model.generate(source[0], {begin: 2, stop: [2], temperature: 0, maxTokens: 8}))
        written.push(token);
      const ids = found.tokens.slice(0, -1);
      // A search writes one token at least, and never padding.
      if (written.length > 0 && !written.includes(1)) expect(ids).toEqual(written);
      expect(found.tokens.at(-1)).toBe(2);
    }));

  it('writes at most as much as its configuration allows', () =>
    withModel({...options, maxTargetRatio: 0.5, maxTargetExtra: 1}, async (model) => {
      const found = await model.beamSearch(source, {beams: 2});
      for (const {tokens} of found[0]) expect(tokens.length).toBeLessThanOrEqual(4);
      for (const {tokens} of found[1]) expect(tokens.length).toBeLessThanOrEqual(3);
    }));

  it('has room for a long source beside its target', () =>
    withModel({...options, maxSequenceLength: 400}, (model) => {
      tf.tidy(() => {
        const long = [Array.from({length: 300}, (_, i) => 3 + (i % 5))];
        const tokens = [2, 5, 6, 7];
        let state = model.begin(long);
        const pieces = tokens.map((token) => {
          const step = model.stream([[token]], state);
          state = step.state;
          return step.logits;
        });
        state.dispose();
        const whole = model.logits({source: long, target: [tokens]}).dataSync();
        tf.concat(pieces, 1)
          .dataSync()
          .forEach((value, i) => {
            expect(Math.abs(value - whole[i])).toBeLessThan(1e-4);
          });
      });
    }));
});

describe('a feed-forward that layers share', () => {
  it('has the sum of the gradients that it would have in each, and is trained once', () =>
    withModel({...small, ...schemes.transformer}, (apart) =>
      withModel({...small, ...schemes.sharedEncDec, shareFfnNorm: true}, (shared) => {
        expect(shared.trainableWeights.length).toBeLessThan(apart.trainableWeights.length);
        expect(new Set(shared.trainableWeights).size).toBe(shared.trainableWeights.length);
        tf.tidy(() => {
          const ownerOf = (name: string) =>
            name.includes('feed_forward') ? name.replace(/^\w+?_\d/, 'encoder_0') : name;
          const values = new Map(shared.weights.map((weight) => [weight.originalName, weight.read()]));
          for (const weight of apart.weights) weight.write(values.get(ownerOf(weight.originalName)) as tf.Tensor);
          const gradientsOf = (model: WideFfn) => {
            const weights = model.trainableWeights;
            const {grads} = tf.variableGrads(
              () => model.loss({source, target}, labels),
              weights.map((weight) => weight.read() as tf.Variable),
            );
            return weights.map((weight): [string, tf.Tensor] => [
              weight.originalName,
              grads[(weight.read() as tf.Variable).name],
            ]);
          };
          const sums = new Map<string, tf.Tensor>();
          for (const [name, gradient] of gradientsOf(apart)) {
            const before = sums.get(ownerOf(name));
            sums.set(ownerOf(name), before ? before.add(gradient) : gradient);
          }
          for (const [name, gradient] of gradientsOf(shared)) {
            const difference = gradient
              .sub(sums.get(name) as tf.Tensor)
              .abs()
              .max()
              .dataSync()[0];
            expect(difference, name).toBeLessThan(1e-5);
          }
        });
      }),
    ));
});

describe('a beam search', () => {
  it('takes options that are undefined for not given', () =>
    withModel({...small, maxTargetRatio: 0, maxTargetExtra: 3}, async (model) => {
      const usual = await model.beamSearch([[3, 4]], {beams: 2, minTokens: 3});
      const undefinedOptions = {begin: undefined, end: undefined, maxTokens: undefined};
      expect(await model.beamSearch([[3, 4]], {beams: 2, minTokens: 3, ...undefinedOptions})).toEqual(usual);
      expect(usual[0][0].tokens).toHaveLength(4);
    }));
});

describe('a decoder block', () => {
  it('takes a memory all of which are tokens without a mask', () => {
    const block = layers.decoderBlock({numHeads: 2, intermediateSize: 8});
    tf.tidy(() => {
      const [x, memory] = [
        tf.randomNormal([1, 3, 8], 0, 1, 'float32', 1),
        tf.randomNormal([1, 4, 8], 0, 1, 'float32', 2),
      ];
      const alone = (block.apply([x, memory]) as tf.Tensor).dataSync();
      const masked = (block.apply([x, memory, tf.ones([1, 4])]) as tf.Tensor).dataSync();
      for (const [i, value] of masked.entries()) expect(Math.abs(value - alone[i])).toBeLessThan(1e-5);
    });
    block.dispose();
    const [x, memory] = [tf.input({shape: [3, 8]}), tf.input({shape: [4, 8]})];
    const other = layers.decoderBlock({numHeads: 2, intermediateSize: 8});
    const model = tf.model({inputs: [x, memory], outputs: other.apply([x, memory]) as tf.SymbolicTensor});
    expect(tf.tidy(() => (model.predict([tf.zeros([2, 3, 8]), tf.zeros([2, 4, 8])]) as tf.Tensor).shape)).toEqual([
      2, 3, 8,
    ]);
    model.dispose();
  });
});
