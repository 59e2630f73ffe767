import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, SequenceToSequence, type SequenceToSequenceLayers} from '@variants/core';
import {encoderDecoderLayout} from '../checkpoints/layouts';
import {stackLayers, tokenHead, tokenTable} from '../stages';
import {
  type PerformerEncoderDecoderConfig,
  type PerformerEncoderDecoderOptions,
  resolveEncoderDecoderConfig,
} from './config';

/**
 * An encoder-decoder of Performers: the encoder looks both ways, the decoder is causal and attends to what the encoder made
 * of the source, of which a stream keeps sums of constant size.
 */
export class PerformerEncoderDecoder extends SequenceToSequence<PerformerEncoderDecoderConfig> {
  static override readonly className = 'PerformerEncoderDecoder';
  override layout: CheckpointLayout<PerformerEncoderDecoderConfig> = encoderDecoderLayout;

  constructor(options: PerformerEncoderDecoderOptions) {
    const config = resolveEncoderDecoderConfig(options);
    super(config, layersOf(config), {name: 'performer_encoder_decoder'});
  }

  /** The longest source and the longest target: the shorter of both sides' limits. */
  override get contextLength(): number | null {
    const {encoder, decoder} = this.config;
    const limits = [encoder, decoder].flatMap(({maxSequenceLength}) => maxSequenceLength ?? []);
    return limits.length > 0 ? Math.min(...limits) : null;
  }
}
tf.serialization.registerClass(PerformerEncoderDecoder);

function layersOf(config: PerformerEncoderDecoderConfig): SequenceToSequenceLayers {
  const {sourceVocabSize, targetVocabSize, hiddenSize, shareEmbeddings, tieEmbedding} = config;
  const table = (name: string, vocabSize: number) => tokenTable(name, vocabSize, hiddenSize, tieEmbedding);
  const source = table(shareEmbeddings ? 'embedding' : 'source_embedding', sourceVocabSize);
  const target = shareEmbeddings ? source : table('target_embedding', targetVocabSize);
  return {
    encoder: [source, ...stackLayers('both-ways', config.encoder, 'encoder_')],
    decoder: [target, ...stackLayers('decoder', config.decoder, 'decoder_')],
    head: tokenHead(target, {vocabSize: targetVocabSize, hiddenSize, tieEmbedding}),
  };
}

/**
 * An encoder-decoder of Performers with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function performerEncoderDecoder(config: PerformerEncoderDecoderOptions): PerformerEncoderDecoder {
  return new PerformerEncoderDecoder(config);
}
