import fc from 'fast-check';
import type {TransformerOptions} from '../src';

const flag = fc.boolean();

const shared = {
  vocabSize: fc.integer({min: 3, max: 9}),
  numLayers: fc.integer({min: 1, max: 2}),
  heads: fc.constantFrom([1, 1], [2, 1], [2, 2], [4, 2]),
  headSize: fc.constantFrom(2, 4),
  // Not always what the heads add up to.
  hiddenSize: fc.constantFrom(8, 12),
  intermediateSize: fc.integer({min: 3, max: 40}),
  activation: fc.constantFrom('silu', 'gelu', 'geluTanh', 'relu', 'squaredRelu', 'tanh'),
  normEpsilon: fc.constantFrom(1e-5, 1e-6, 1e-3),
  attentionBias: flag,
  feedForwardBias: flag,
  tieEmbedding: flag,
  scaleAttention: flag,
  scaleAttentionByLayer: flag,
  sight: fc.constantFrom({}, {}, {window: 3}, {window: 2, sinks: 1}),
  dropout: fc.constantFrom(0, 0.1),
} as const;

const llamaLike = fc.record({
  ...shared,
  maxSequenceLength: fc.constantFrom(null, 6, 16),
  rotaryBase: fc.constantFrom(10000, 500000),
  ropeScaling: fc.constantFrom(
    null,
    {type: 'linear', factor: 2} as const,
    ...[4, 8].map((factor) => ({
      type: 'llama3' as const,
      factor,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxSequenceLength: 8192,
    })),
  ),
  layout: fc.constantFrom('llama2c', 'meta', 'huggingface'),
});

const gpt2Like = fc.record({
  ...shared,
  maxSequenceLength: fc.constantFrom(6, 16),
  normBias: flag,
  layout: fc.constantFrom('nanogpt', 'gpt2', 'gpt2bare'),
});

type Drawn = {heads: readonly number[]; headSize: number; sight: {window?: number; sinks?: number}};

function withParts<Fields extends Drawn>({heads, sight, ...fields}: Fields) {
  const [numHeads, numKeyValueHeads] = heads;
  return {...fields, ...sight, numHeads, numKeyValueHeads};
}

/** Any tiny decoder of either family, in any layout, with what the layout's authors have no field for too. */
export const anyOptions: fc.Arbitrary<TransformerOptions> = fc.oneof(
  llamaLike.map((drawn) => ({...withParts(drawn), family: 'llama' as const})),
  gpt2Like.map((drawn) => ({...withParts(drawn), family: 'gpt2' as const})),
);
