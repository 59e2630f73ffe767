import {
  LayerNorm,
  Linear,
  linearUniform,
  normal,
  TiedHead,
  TokenEmbedding,
  uniform,
  type VariantLayer,
} from '@variants/core';
import {type BothWaysFields, type CausalFields, localHeadsOf, type PerformerStackFields} from './config';
import {PerformerBlock, PerformerDecoderBlock, PerformerEncoderBlock} from './layers/blocks';
import {PerformerPositions} from './layers/positions';
import {ProjectionSchedule} from './layers/projection';
import {JoinStreams, SplitStreams} from './layers/streams';

/** Which blocks a stack is made of. */
export type StackForm = 'causal' | 'both-ways' | 'decoder';

/** A stack's own fields. */
export type StackConfig = PerformerStackFields & Partial<CausalFields & BothWaysFields>;

const blockOf = {
  causal: PerformerBlock,
  'both-ways': PerformerEncoderBlock,
  decoder: PerformerDecoderBlock,
} as const;

/**
 * The layers from embedded tokens to what a head takes: positions, when directions are drawn anew, blocks, norm.
 * @param prefix Stands before the names of layers, where a model has two stacks. Default ''.
 */
export function stackLayers(form: StackForm, config: StackConfig, prefix = ''): VariantLayer[] {
  const {positions: kind, maxSequenceLength, axialShape, redrawInterval: interval, reversible} = config;
  const countsPadding = form !== 'causal' || config.padding === 'valueless';
  const Block = blockOf[form];
  const shared = {...attentionOf(config), ...partsOf(config), ...ownOf(form, config)};
  const blocks = localHeadsOf(config).map(
    (localHeads, i) => new Block({...shared, localHeads, name: `${prefix}block_${i}`}),
  );
  const name = (layer: string) => ({name: `${prefix}${layer}`});
  return [
    new PerformerPositions({...name('positions'), kind, maxSequenceLength, axialShape, countsPadding}),
    new ProjectionSchedule({...name('directions'), ...(interval !== null && {interval})}, () =>
      blocks.flatMap(({projections}) => projections),
    ),
    ...(reversible ? [new SplitStreams(name('split'))] : []),
    ...blocks,
    ...(reversible ? [new JoinStreams(name('join'))] : []),
    new LayerNorm({...name('final_norm'), epsilon: config.normEpsilon}),
  ];
}

const attentionOf = (config: StackConfig) => ({
  numHeads: config.numHeads,
  headSize: config.headSize,
  numFeatures: config.numFeatures,
  features: config.features,
  padding: config.padding,
  rotary: config.positions === 'rotary',
  localWindow: config.localWindow,
  useBias: config.useBias,
  useOutputBias: config.useOutputBias,
});

const partsOf = (config: StackConfig) => ({
  intermediateSize: config.intermediateSize,
  gated: config.gated,
  norm: config.norm,
  normEpsilon: config.normEpsilon,
  shiftTokens: config.shiftTokens,
  reversible: config.reversible,
  dropout: config.dropout,
});

const ownOf = (form: StackForm, {stabilizer, chunkSize, localForm}: StackConfig) =>
  form === 'both-ways' ? {localForm} : {stabilizer, chunkSize};

/**
 * A table of tokens. Rows are drawn N(0, 1), as the authors', but where they make logits too, which would be as large as
 * sqrt(hiddenSize) then.
 */
export function tokenTable(name: string, vocabSize: number, hiddenSize: number, isTied: boolean): TokenEmbedding {
  return new TokenEmbedding({name, vocabSize, hiddenSize}, normal(isTied ? hiddenSize ** -0.5 : 1));
}

/** To logits: the table or, with a bias, a matrix of its own. */
export function tokenHead(
  embedding: TokenEmbedding,
  {vocabSize, hiddenSize, tieEmbedding}: {vocabSize: number; hiddenSize: number; tieEmbedding: boolean},
): VariantLayer {
  if (tieEmbedding) return new TiedHead(embedding, {name: 'head'});
  const bias = uniform(hiddenSize ** -0.5);
  return new Linear({name: 'head', units: vocabSize}, {kernel: linearUniform, bias});
}
