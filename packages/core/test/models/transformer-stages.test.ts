import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {
  type CheckpointLayout,
  checkTransformerFields,
  countTransformer,
  defineLayout,
  LanguageModel,
  llamaFiles,
  resolveFields,
  type StreamState,
  type TransformerFieldOptions,
  type TransformerFields,
  type TransformerStyle,
  transformerFields,
  transformerStages,
  transformerStyles,
} from '../../src';
import '../../src/engines/simd/register';

const sizes = {vocabSize: 7, hiddenSize: 8, numLayers: 2, numHeads: 2, intermediateSize: 12, maxSequenceLength: 16};

function resolve(style: TransformerStyle, options: TransformerFieldOptions): TransformerFields {
  const config = resolveFields<TransformerFields>('tiny', transformerFields(style, options), options);
  checkTransformerFields('tiny', config, style, options);
  return config;
}

/** A model of a style, as a package makes one. */
class Tiny extends LanguageModel<TransformerFields> {
  override layout: CheckpointLayout<TransformerFields> = defineLayout<TransformerFields>({
    ...llamaFiles,
    name: 'tiny',
    resolve: (options) => resolve(transformerStyles.llama, options),
  });

  constructor(style: TransformerStyle, options: TransformerFieldOptions = {}) {
    const config = resolve(style, {...sizes, ...options});
    super(config, transformerStages(config, style), {name: 'tiny'});
  }
}

const alibi: TransformerStyle = {family: 'mpt', positions: 'alibi', gated: false, fused: true};

const sinks: TransformerStyle = {...transformerStyles.llama, sinkLogit: 'learned'};

const styles: [string, TransformerStyle, TransformerFieldOptions][] = [
  ['gpt2', transformerStyles.gpt2, {}],
  ['gpt2 with one head of keys', transformerStyles.gpt2, {numKeyValueHeads: 1}],
  ['llama', transformerStyles.llama, {}],
  ['llama with a logit per head', sinks, {}],
  ['alibi', alibi, {normBias: false, attentionBias: false, feedForwardBias: false, maxSequenceLength: null}],
];

describe.each(styles)('a decoder of style %s', (_, style, options) => {
  it('has the weights that are counted, and gives in pieces what it gives whole', () => {
    const model = new Tiny(style, options);
    expect(countTransformer(model.config, style)).toBe(model.countParams());
    tf.tidy(() => {
      const tokens = [1, 2, 3, 4, 5, 6];
      const whole = model.logits(tokens);
      const first = model.stream(tokens.slice(0, 4));
      const second = model.stream(tokens.slice(4), first.state);
      second.state.dispose();
      const difference = tf.concat([first.logits, second.logits], 1).sub(whole).abs().max().dataSync()[0];
      expect(difference).toBeLessThan(1e-6);
    });
    model.dispose();
  });
});

describe('forget', () => {
  const fed = (model: Tiny, tokens: number[], state?: StreamState) => {
    const {logits, state: next} = model.stream(tokens, state);
    logits.dispose();
    return next;
  };

  it('leaves what one block would know had the positions never been, also in recorded steps', async () => {
    for (const backend of ['cpu', 'simd']) {
      await tf.setBackend(backend);
      const model = new Tiny(transformerStyles.llama, {numLayers: 1});
      const next = (state: StreamState) => {
        const values: number[] = [];
        for (const token of [1, 2, 3, 4]) {
          const step = model.stream([token], state);
          values.push(...step.logits.dataSync());
          step.logits.dispose();
          state = step.state;
        }
        expect(state.length).toBe(8);
        state.dispose();
        return values;
      };
      const closed = model.forget(fed(model, [5], fed(model, [5, 6, 1, 2, 3, 4])), 1, 4);
      const expected = next(fed(model, [5, 3, 4, 5]));
      next(closed).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 5);
      });
      model.dispose();
    }
    await tf.setBackend('cpu');
  });

  it('says in one line what is no part of the stream, or that positions are learned, and leaves the state', () => {
    const model = new Tiny(transformerStyles.gpt2);
    const state = fed(model, [1, 2, 3]);
    for (const [start, end] of [
      [-1, 1],
      [2, 1],
      [1, 4],
      [0, 3],
      [0.5, 1],
    ])
      expect(() => model.forget(state, start, end)).toThrow(
        `tiny: positions ${start} to ${end} cannot be forgotten; they must be a part, and not all, of the stream's 3`,
      );
    expect(() => model.forget(state, 1, 2)).toThrow(/^positions: cannot forget positions of a stream; attention whose/);
    expect(model.forget(state, 1, 1)).toBe(state);
    state.dispose();
    model.dispose();
  });
});

describe('where positions are', () => {
  const logits = (style: TransformerStyle, tokens: number[]) => {
    const model = new Tiny(style);
    const last = tf.tidy(() =>
      model
        .logits(tokens)
        .slice([0, tokens.length - 1], [1, 1])
        .dataSync(),
    );
    model.dispose();
    return last;
  };

  it('changes what the same tokens say in another order, in every style', () => {
    for (const style of [transformerStyles.gpt2, transformerStyles.llama, alibi])
      expect(logits(style, [1, 2, 3, 4])).not.toEqual(logits(style, [3, 2, 1, 4]));
  });
});

describe('checkTransformerFields', () => {
  it.each<[TransformerStyle, TransformerFieldOptions, string]>([
    [alibi, {ropeScaling: {type: 'linear', factor: 2}}, 'ropeScaling is given, but family mpt has no rotary positions'],
    [transformerStyles.llama, {headSize: 3}, 'headSize is 3, but must be even to be turned by positions'],
    [transformerStyles.gpt2, {maxSequenceLength: null}, 'maxSequenceLength is null, but family gpt2 has a learned'],
    [transformerStyles.llama, {sinks: 1}, 'sinks is 1, but must be 0 without a window'],
  ])('refuses in one line', (style, options, message) => {
    expect(() => new Tiny(style, options)).toThrow(message);
  });
});
