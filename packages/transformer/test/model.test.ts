import * as tf from '@tensorflow/tfjs';
import {Random, ShapeError, type StreamState} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layers, type Transformer, type TransformerOptions, transformer} from '../src';

const small = {vocabSize: 9, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 12, maxSequenceLength: 12};

/** Small decoders of both families, with weights far from 0. */
const families: [string, Partial<TransformerOptions>][] = [
  ['gpt2', {family: 'gpt2'}],
  ['llama', {numKeyValueHeads: 1}],
];

function withLargeWeights(options: Partial<TransformerOptions>): Transformer {
  const model = transformer({...small, ...options});
  const random = new Random(4);
  for (const weight of model.weights)
    tf.tidy(() => {
      const values = Float32Array.from({length: weight.read().size}, () => 0.5 * random.normal());
      weight.write(tf.tensor(values, weight.shape as number[]));
    });
  return model;
}

function expectClose(actual: tf.Tensor, expected: tf.Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const largest = expected.abs().max().dataSync()[0];
  expect(actual.sub(expected).abs().max().dataSync()[0]).toBeLessThan(1e-5 * largest);
}

describe.each(families)('prompts of different lengths in one batch, %s', (_, options) => {
  const prompts = [
    [1, 2, 3, 4, 5],
    [6, 7],
    [8, 1, 0],
  ];
  const longest = 5;
  const padded = prompts.map((prompt) => [...Array(longest - prompt.length).fill(0), ...prompt]);
  const mask = () => tf.tensor2d(prompts.map((p) => padded[0].map((_, i) => Number(i >= longest - p.length))));

  it('give in one pass what each gives alone, whatever stands in the padding', () => {
    const model = withLargeWeights(options);
    tf.tidy(() => {
      const attentionMask = mask();
      for (const filler of [0, 5]) {
        const tokens = padded.map((row, b) => row.map((id, i) => (i < longest - prompts[b].length ? filler : id)));
        const logits = model.logits(tokens, {attentionMask});
        prompts.forEach((prompt, b) => {
          const own = logits.slice([b, longest - prompt.length], [1, prompt.length]);
          expectClose(own, model.logits(prompt));
        });
      }
    });
    model.dispose();
  });

  it('are continued together, the padding given in the first piece alone', () => {
    const model = withLargeWeights(options);
    const next = [
      [3, 3, 1],
      [0, 2, 2],
      [7, 5, 4],
    ];
    tf.tidy(() => {
      let {state}: {state: StreamState} = model.stream(padded, null, {attentionMask: mask()});
      const pieces = [0, 1, 2].map((t) => {
        const step = model.stream(
          next.map((row) => [row[t]]),
          state,
        );
        state = step.state;
        return step.logits;
      });
      state.dispose();
      prompts.forEach((prompt, b) => {
        const alone = model.logits([...prompt, ...next[b]]);
        expectClose(tf.concat(pieces, 1).slice([b, 0], [1, 3]), alone.slice([0, prompt.length], [1, 3]));
      });
    });
    model.dispose();
  });

  it('leave the mask to the caller', () => {
    const model = withLargeWeights(options);
    const attentionMask = mask();
    const {logits, state} = model.stream(padded, null, {attentionMask});
    state.dispose();
    logits.dispose();
    expect(attentionMask.isDisposed).toBe(false);
    attentionMask.dispose();
    model.dispose();
  });

  it('may be fed in pieces, each with its part of the mask', () => {
    const model = withLargeWeights(options);
    tf.tidy(() => {
      const whole = model.logits(padded, {attentionMask: mask()}).mul(mask().expandDims(-1));
      for (let cut = 1; cut < longest; cut++) {
        const [first, second] = tf.split(mask(), [cut, longest - cut], 1);
        const begin = model.stream(
          padded.map((row) => row.slice(0, cut)),
          null,
          {attentionMask: first},
        );
        const end = model.stream(
          padded.map((row) => row.slice(cut)),
          begin.state,
          {attentionMask: second},
        );
        end.state.dispose();
        expectClose(tf.concat([begin.logits, end.logits], 1).mul(mask().expandDims(-1)), whole);
      }
    });
    model.dispose();
  });
});

describe('contextLength', () => {
  it('is maxSequenceLength, beyond which a stream ends', () => {
    for (const [, options] of families) {
      const model = transformer({...small, ...options, maxSequenceLength: 3});
      expect(model.contextLength).toBe(3);
      const {logits, state} = model.stream([0, 1, 2]);
      expect(() => model.stream([3], state)).toThrow(ShapeError);
      expect(() => model.stream([3], state)).toThrow('a sequence of 4 tokens is longer than maxSequenceLength 3');
      tf.dispose(logits);
      state.dispose();
      model.dispose();
    }
  });

  it('is null where there is no limit', () => {
    const model = transformer({...small, maxSequenceLength: null});
    expect(model.contextLength).toBeNull();
    const {logits, state} = model.stream(Array(40).fill(1));
    expect(logits.shape).toEqual([1, 40, 9]);
    logits.dispose();
    state.dispose();
    model.dispose();
  });
});

describe('first weights', () => {
  const deviation = (model: Transformer, pattern: RegExp) => {
    const values = model.weights.filter((w) => pattern.test(w.originalName)).flatMap((w) => [...w.read().dataSync()]);
    return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  };

  it.each(families)(
    "of %s are nanoGPT's: 0.02, and 0.02 / sqrt(2 numLayers) where the residual stream is added to",
    (_, options) => {
      const model = transformer({...options, vocabSize: 200, hiddenSize: 64, numLayers: 8, maxSequenceLength: 100});
      expect(deviation(model, /(queries|keys|values|projections|up|gate|head)\/kernel|table/)).toBeCloseTo(0.02, 3);
      expect(deviation(model, /(output|down)\/kernel/)).toBeCloseTo(0.02 / 4, 4);
      expect(deviation(model, /norm\/weight/)).toBe(1);
      if (options.family === 'gpt2') expect(deviation(model, /bias/)).toBe(0);
      model.dispose();
    },
  );
});

describe('fields of a configuration', () => {
  const logitsWith = (options: Partial<TransformerOptions>, training = false) => {
    const model = withLargeWeights(options);
    const logits = tf.tidy(() => model.logits([1, 2, 3, 4], {training, random: new Random(1)}).dataSync());
    model.dispose();
    return logits;
  };

  it.each<[string, Partial<TransformerOptions>, Partial<TransformerOptions>]>([
    ['activation', {family: 'gpt2'}, {activation: 'gelu'}],
    ['normEpsilon', {}, {normEpsilon: 0.1}],
    ['scaleAttention', {}, {scaleAttention: false}],
    ['scaleAttentionByLayer', {}, {scaleAttentionByLayer: true}],
    ['rotaryBase', {}, {rotaryBase: 100}],
    ['rotaryPairing', {}, {rotaryPairing: 'halves'}],
    ['ropeScaling', {}, {ropeScaling: {type: 'linear', factor: 2}}],
  ])('%s has an effect', (_, options, changed) => {
    expect(logitsWith({...options, ...changed})).not.toEqual(logitsWith(options));
  });

  it.each(families)('dropout has an effect in training alone, %s', (_, options) => {
    const plain = logitsWith(options);
    expect(logitsWith({...options, dropout: 0.3})).toEqual(plain);
    expect(logitsWith({...options, dropout: 0.3}, true)).not.toEqual(plain);
    expect(logitsWith({...options, dropout: 0.3}, true)).toEqual(logitsWith({...options, dropout: 0.3}, true));
  });
});

describe("tfjs's own files", () => {
  it('keep names in camel case, nested fields and no limit of length', async () => {
    const ropeScaling = {
      type: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxSequenceLength: 64,
    } as const;
    for (const options of [
      {ropeScaling, layout: 'huggingface', maxSequenceLength: null},
      {family: 'gpt2', layout: 'gpt2bare', activation: 'squaredRelu', scaleAttentionByLayer: true},
    ] as Partial<TransformerOptions>[]) {
      const model = transformer({...small, ...options});
      let artifacts: tf.io.ModelArtifacts | undefined;
      await model.save(
        tf.io.withSaveHandler(async (saved) => {
          artifacts = JSON.parse(JSON.stringify({...saved, weightData: undefined}));
          artifacts = {...artifacts, weightData: saved.weightData} as tf.io.ModelArtifacts;
          return {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}};
        }),
      );
      const loaded = (await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts))) as Transformer;
      expect(loaded.config).toEqual(model.config);
      expect(loaded.layout.name).toBe(model.layout.name);
      loaded.dispose();
      model.dispose();
    }
  });
});

describe('layers', () => {
  it('stand in a tf.sequential, without and with a gate', async () => {
    for (const gated of [false, true]) {
      const model = tf.sequential({
        layers: [
          tf.layers.inputLayer({inputShape: [4, 8]}),
          layers.selfAttention({numHeads: 2}),
          layers.transformerBlock({attention: {numHeads: 2, numKeyValueHeads: 1}, intermediateSize: 12, gated}),
        ],
      });
      model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
      const [x, y] = [tf.randomNormal([2, 4, 8], 0, 1, 'float32', 1), tf.zeros([2, 4, 8])];
      const {history} = await model.fit(x, y, {epochs: 2, verbose: 0});
      expect(history.loss[1]).toBeLessThan(history.loss[0] as number);
      tf.dispose([x, y]);
      model.dispose();
    }
  });

  it('stream', () => {
    const block = layers.transformerBlock({attention: {numHeads: 2}, intermediateSize: 12});
    tf.tidy(() => {
      const x = tf.randomNormal([1, 4, 8], 0, 1, 'float32', 1);
      const whole = block.apply(x) as tf.Tensor;
      const first = block.stream(x.slice([0, 0], [1, 3]));
      const second = block.stream(x.slice([0, 3], [1, 1]), first.state);
      second.state.dispose();
      expectClose(tf.concat([first.output, second.output], 1), whole);
    });
    block.dispose();
  });
});
