/**
 * The Transformer as it was published: an encoder-decoder (Vaswani et al. 2017, arXiv 1706.03762).
 *
 *     D      width (hiddenSize)          S, T   source time, target time
 *     PE     sinusoidal positions        [..]   with the configuration's fields alone
 *
 *     e(t) = table[t] [sqrt(D)] + PE
 *     memory = [norm] encoder(e(source))                       [batch, S, D]
 *     logits = [norm] decoder(e(target), memory) · W [+ b]     [batch, T, vocabulary]
 */
import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  Dropout,
  LayerNorm,
  Linear,
  normal,
  SequenceToSequence,
  type SequenceToSequenceLayers,
  SinusoidalPositions,
  TiedHead,
  TokenEmbedding,
  type VariantLayer,
  xavierUniform,
} from '@variants/core';
import {DecoderBlock, EncoderBlock} from './blocks';
import {torchTransformer} from './checkpoint';
import {type EncoderDecoderConfig, type EncoderDecoderOptions, resolveEncoderDecoderConfig} from './config';

/** An encoder-decoder Transformer. */
export class EncoderDecoder extends SequenceToSequence<EncoderDecoderConfig> {
  static override readonly className = 'EncoderDecoder';
  override layout: CheckpointLayout<EncoderDecoderConfig> = torchTransformer;

  constructor(config: EncoderDecoderOptions) {
    const complete = resolveEncoderDecoderConfig(config);
    super(complete, stages(complete), {name: 'encoder_decoder'});
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }
}
tf.serialization.registerClass(EncoderDecoder);

function stages(config: EncoderDecoderConfig): SequenceToSequenceLayers {
  const {sourceVocabSize, targetVocabSize, shareEmbeddings, outputBias} = config;
  const source = makeEmbedding(shareEmbeddings ? 'embedding' : 'source_embedding', sourceVocabSize, config);
  const target = shareEmbeddings ? source : makeEmbedding('target_embedding', targetVocabSize, config);
  const encoderBlock = (name: string) => new EncoderBlock({...config, name});
  const decoderBlock = (name: string) => new DecoderBlock({...config, name});
  return {
    encoder: [source, ...stack('encoder', config.numEncoderLayers, encoderBlock, config)],
    decoder: [target, ...stack('decoder', config.numDecoderLayers, decoderBlock, config)],
    head: shareEmbeddings
      ? new TiedHead(source, {name: 'head'})
      : new Linear({name: 'head', units: targetVocabSize, useBias: outputBias}, {kernel: xavierUniform()}),
  };
}

function makeEmbedding(name: string, vocabSize: number, {hiddenSize, scaleEmbedding}: EncoderDecoderConfig) {
  const scale = scaleEmbedding ? Math.sqrt(hiddenSize) : 1;
  // Rows of the size of the positions that are added to them.
  return new TokenEmbedding({name, vocabSize, hiddenSize, scale}, normal(1 / scale));
}

/** What follows the embedding of one side. */
function stack(
  side: string,
  numLayers: number,
  block: (name: string) => VariantLayer,
  {dropout, finalNorm, normEpsilon: epsilon}: EncoderDecoderConfig,
): VariantLayer[] {
  return [
    new SinusoidalPositions({name: `${side}_positions`}),
    ...(dropout > 0 ? [new Dropout({name: `${side}_dropout`, rate: dropout})] : []),
    ...Array.from({length: numLayers}, (_, i) => block(`${side}_${i}`)),
    ...(finalNorm ? [new LayerNorm({name: `${side}_norm`, epsilon})] : []),
  ];
}

/**
 * An encoder-decoder Transformer with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function encoderDecoder(config: EncoderDecoderOptions): EncoderDecoder {
  return new EncoderDecoder(config);
}
