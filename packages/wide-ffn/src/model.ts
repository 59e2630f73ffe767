/**
 * The Transformer with shared and dropped feed-forwards (Pires, Lopes, Assogba, Setiawan 2023, arXiv 2309.01826), on
 * fairseq's encoder-decoder.
 *
 *     D      width (hiddenSize)            S, T     source time, target time
 *     E      one matrix [V, D] for source, target and logits
 *     pos    fairseq's positions           [..]     with pre-norm alone
 *
 *     e(t) = sqrt(D) E[t] + pos
 *     memory = [norm] encoder(e(source))                    [batch, S, D]
 *     logits = [norm] decoder(e(target), memory) · Eᵀ       [batch, T, V]
 *
 * In the decoder-only form source and target are one sequence: logits = [norm] decoder(e(source, target)) · Eᵀ at the target.
 */
import * as tf from '@tensorflow/tfjs';
import {
  type BeamOptions,
  type CheckpointLayout,
  type CheckpointSource,
  Dropout,
  type Hypothesis,
  type Initializer,
  LayerNorm,
  type LossOptions,
  loadCheckpoint,
  MultiHeadAttention,
  normal,
  requireOptions,
  SequenceToSequence,
  type SequenceToSequenceLayers,
  TiedHead,
  TokenEmbedding,
  type TokenInput,
  type VariantLayer,
} from '@variants/core';
import {
  DecoderBlock,
  EncoderBlock,
  makeFeedForward,
  makeSelfAttention,
  PrefixBlock,
  type SharedParts,
  TargetBlock,
  type WideFfnBlockConfig,
} from './blocks';
import {fairseqLayout} from './checkpoint';
import {ffnGroups, resolveWideFfnConfig, type WideFfnConfig, type WideFfnOptions} from './config';
import {FairseqPositions, TargetPositions} from './positions';
import {partsOf} from './sharing';

const beamOptions = ['begin', 'end', 'beams', 'lengthPenalty', 'minTokens', 'maxTokens', 'signal'];

/** An encoder-decoder, or prefix language model, whose feed-forwards are shared or left out. */
export class WideFfn extends SequenceToSequence<WideFfnConfig> {
  static override readonly className = 'WideFfn';
  override layout: CheckpointLayout<WideFfnConfig> = fairseqLayout;

  constructor(config: WideFfnOptions) {
    const complete = resolveWideFfnConfig(config);
    const layers = complete.decoderOnly ? prefixLayers(complete) : pairLayers(complete);
    super(complete, layers, {name: 'wide-ffn', beyondStates: ['maxTargetRatio', 'maxTargetExtra']});
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  /**
   * As fairseq smooths labels: of what is taken from the right token each other one gets its share,
   *
   *     loss = (1 - eps) (-log p[right]) + eps / (V - 1) Σ over the others of -log p
   */
  override criterion(outputs: tf.Tensor, labels: tf.Tensor, options: LossOptions = {}): tf.Scalar {
    const {labelSmoothing = this.config.labelSmoothing} = options;
    const V = this.config.targetVocabSize;
    // Spread over all tokens, the right one too, it is that much more.
    return super.criterion(outputs, labels, {...options, labelSmoothing: (labelSmoothing * V) / (V - 1)});
  }

  /**
   * The most probable targets of sources, see {@link SequenceToSequence.beamSearch}. By default targets begin and end with
   * the configuration's endToken and are as long as its maxTargetRatio and maxTargetExtra allow.
   */
  override async beamSearch(source: TokenInput, options: Partial<BeamOptions> = {}): Promise<Hypothesis[][]> {
    requireOptions('beamSearch', options, beamOptions);
    const {endToken, maxTargetRatio, maxTargetExtra} = this.config;
    const usual = (sourceTokens: number) => Math.floor(maxTargetRatio * sourceTokens + maxTargetExtra);
    const {begin = endToken, end = endToken, maxTokens = usual, ...others} = options;
    return super.beamSearch(source, {...others, begin, end, maxTokens});
  }
}
tf.serialization.registerClass(WideFfn);

/** The parts that the blocks of a model have in common, by the layers' numbers. */
function sharedParts(config: WideFfnConfig) {
  const {hiddenSize, activation, normEpsilon: epsilon, shareFfnNorm, shareFfnAcross} = config;
  const {numHeads, numDecoderHeads, numEncoderLayers, numDecoderLayers} = config;
  const groups = ffnGroups(config);
  const ffns = (layers: number[], intermediateSize: number) => ({
    feedForward: partsOf(layers, () => makeFeedForward(hiddenSize, {intermediateSize, activation})),
    feedForwardNorm: partsOf(shareFfnNorm ? layers : [], () => new LayerNorm({epsilon})),
  });
  const attentions = <Part>(sharing: string, layers: number, make: () => Part) =>
    partsOf(sharing === 'shared' ? Array<number>(layers).fill(0) : [], make);
  const encoderFfns = ffns(groups.encoder, config.intermediateSize);
  const decoderFfns = shareFfnAcross ? encoderFfns : ffns(groups.decoder, config.decoderIntermediateSize);
  const encoderAttention = attentions(
    config.encoderSelfAttention,
    numEncoderLayers,
    () => new MultiHeadAttention({numHeads}),
  );
  const decoderAttention = attentions(config.decoderSelfAttention, numDecoderLayers, () =>
    makeSelfAttention(numDecoderHeads),
  );
  const crossAttention = attentions(
    config.decoderCrossAttention,
    numDecoderLayers,
    () => new MultiHeadAttention({numHeads: numDecoderHeads}),
  );
  // Across both stacks there is one group, whose part all layers have: that of the encoder's first.
  const numberOf = (i: number) => (shareFfnAcross ? 0 : i);
  return {
    encoder: (i: number): SharedParts => ({
      feedForward: encoderFfns.feedForward(i),
      feedForwardNorm: encoderFfns.feedForwardNorm(i),
      selfAttention: encoderAttention(i),
    }),
    decoder: (i: number): SharedParts => ({
      feedForward: decoderFfns.feedForward(numberOf(i)),
      feedForwardNorm: decoderFfns.feedForwardNorm(numberOf(i)),
      selfAttention: decoderAttention(i),
      crossAttention: crossAttention(i),
    }),
  };
}

/** Options of the blocks of both stacks. */
function blockConfigs(config: WideFfnConfig): {encoder: WideFfnBlockConfig; decoder: WideFfnBlockConfig} {
  const {activation, normEpsilon, dropout} = config;
  const both = {activation, normEpsilon, dropout};
  return {
    encoder: {
      ...both,
      numHeads: config.numHeads,
      intermediateSize: config.intermediateSize,
      normalization: config.normalization,
    },
    decoder: {
      ...both,
      numHeads: config.numDecoderHeads,
      intermediateSize: config.decoderIntermediateSize,
      normalization: config.decoderNormalization,
    },
  };
}

function makeEmbedding({sourceVocabSize: vocabSize, hiddenSize, padToken}: WideFfnConfig): TokenEmbedding {
  const withoutPadding: Initializer = (shape, random) =>
    normal(hiddenSize ** -0.5)(shape, random).fill(0, padToken * hiddenSize, (padToken + 1) * hiddenSize);
  return new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize, scale: Math.sqrt(hiddenSize)}, withoutPadding);
}

const dropoutLayers = (side: string, {dropout: rate}: WideFfnConfig): VariantLayer[] =>
  rate > 0 ? [new Dropout({name: `${side}_dropout`, rate})] : [];

const finalNorm = (side: string, normalization: string, {normEpsilon: epsilon}: WideFfnConfig): VariantLayer[] =>
  normalization === 'pre' ? [new LayerNorm({name: `${side}_norm`, epsilon})] : [];

function pairLayers(config: WideFfnConfig): SequenceToSequenceLayers {
  const embedding = makeEmbedding(config);
  const firstRow = config.padToken + 1;
  const options = blockConfigs(config);
  const shared = sharedParts(config);
  const encoderBlock = (i: number) => new EncoderBlock({...options.encoder, name: `encoder_${i}`}, shared.encoder(i));
  const decoderBlock = (i: number) => new DecoderBlock({...options.decoder, name: `decoder_${i}`}, shared.decoder(i));
  return {
    encoder: [
      embedding,
      new FairseqPositions({name: 'encoder_positions', firstRow, zeroPadding: true}),
      ...dropoutLayers('encoder', config),
      ...Array.from({length: config.numEncoderLayers}, (_, i) => encoderBlock(i)),
      ...finalNorm('encoder', config.normalization, config),
    ],
    decoder: [
      embedding,
      new FairseqPositions({name: 'decoder_positions', firstRow}),
      ...dropoutLayers('decoder', config),
      ...Array.from({length: config.numDecoderLayers}, (_, i) => decoderBlock(i)),
      ...finalNorm('decoder', config.decoderNormalization, config),
    ],
    head: new TiedHead(embedding, {name: 'head'}),
  };
}

function prefixLayers(config: WideFfnConfig): SequenceToSequenceLayers {
  const embedding = makeEmbedding(config);
  const firstRow = config.padToken + 1;
  const options = blockConfigs(config).decoder;
  const shared = sharedParts(config);
  const blocks = Array.from(
    {length: config.numDecoderLayers},
    (_, i) => new PrefixBlock({...options, name: `decoder_${i}`}, shared.decoder(i)),
  );
  return {
    encoder: [
      embedding,
      new FairseqPositions({name: 'source_positions', firstRow}),
      ...dropoutLayers('source', config),
      ...blocks,
    ],
    decoder: [
      embedding,
      new TargetPositions({name: 'target_positions', firstRow}),
      ...dropoutLayers('target', config),
      ...blocks.map((block, i) => new TargetBlock(block, {name: `target_${i}`})),
      ...finalNorm('decoder', config.decoderNormalization, config),
    ],
    head: new TiedHead(embedding, {name: 'head'}),
  };
}

/**
 * A model with fresh weights: One Wide FFN unless the configuration says otherwise; `schemes` has those of the paper.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function wideFfn(config: WideFfnOptions): WideFfn {
  return new WideFfn(config);
}

/**
 * A model from a checkpoint in fairseq's names.
 * @param source Directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(
  source: CheckpointSource,
  options: {config?: Partial<WideFfnConfig>} = {},
): Promise<WideFfn> {
  return loadCheckpoint(source, [fairseqLayout], wideFfn, options);
}
