import fc from 'fast-check';
import type {RopeScaling, TransformerOptions} from '../src';

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

const length = {originalMaxSequenceLength: 8};
const llama3 = {lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxSequenceLength: 8192};
const list = (headSize: number, first: number) => Array.from({length: headSize / 2}, (_, i) => first + i);

/** A scaling of each type, by the features that turn. */
const scalings = new Map<string, (headSize: number) => RopeScaling>([
  ['linear', () => ({type: 'linear', factor: 2})],
  ['ntk', () => ({type: 'ntk', factor: 2})],
  ['dynamic', () => ({type: 'dynamic', factor: 2, ...length})],
  ['dynamicLinear', () => ({type: 'dynamicLinear', ...length})],
  ['ntkByParts', () => ({type: 'ntkByParts', factor: 2, ...length})],
  ['yarn', () => ({truncate: false, factor: 2, type: 'yarn', ...length})],
  ['dynamicYarn', () => ({type: 'dynamicYarn', ...length, maxSequenceLength: 16})],
  [
    'longrope',
    (size) => ({type: 'longrope', shortFactors: list(size, 1), longFactors: list(size, 2), factor: 2, ...length}),
  ],
  // As in Llama 3.1, for which Meta's files have a field, and another.
  ['llama3.1', () => ({type: 'llama3', factor: 8, ...llama3})],
  ['llama3', () => ({type: 'llama3', factor: 4, ...llama3})],
]);

const llamaLike = fc.record({
  ...shared,
  maxSequenceLength: fc.constantFrom(null, 6, 16),
  rotaryBase: fc.constantFrom(10000, 500000),
  scaling: fc.constantFrom('none', ...scalings.keys()),
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
  llamaLike.map(({scaling, ...drawn}) => ({
    ...withParts(drawn),
    family: 'llama' as const,
    ropeScaling: scalings.get(scaling)?.(drawn.headSize) ?? null,
  })),
  gpt2Like.map((drawn) => ({...withParts(drawn), family: 'gpt2' as const})),
);
