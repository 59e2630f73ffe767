import {DecoderBlock, EncoderBlock, type WideFfnBlockConfig} from './blocks';
import {FairseqPositions, type FairseqPositionsConfig, fairseqSinusoids} from './positions';

export {card} from './card';
export type {WideFfnConfig, WideFfnOptions} from './config';
export {fromPretrained, WideFfn, wideFfn} from './model';
export {presets} from './presets';
export {type Scheme, schemes} from './schemes';
export {type Sharing, sharingGroups} from './sharing';
export type {FairseqPositionsConfig, WideFfnBlockConfig};

/** One Wide FFN's parts as `tf.layers.Layer`s, for `tf.sequential` and `tf.model`. */
export const layers = {
  /** A layer of the encoder, with or without a feed-forward, see {@link EncoderBlock}. */
  encoderBlock: (config: ConstructorParameters<typeof EncoderBlock>[0]) => new EncoderBlock(config),
  /** A layer of the decoder, applied to [x, memory, memoryMask, attentionMask], see {@link DecoderBlock}. */
  decoderBlock: (config: ConstructorParameters<typeof DecoderBlock>[0]) => new DecoderBlock(config),
  /** fairseq's sinusoidal positions, see {@link FairseqPositions}. */
  fairseqPositions: (config: ConstructorParameters<typeof FairseqPositions>[0]) => new FairseqPositions(config),
};

/** One Wide FFN's mathematics as pure functions. */
export const ops = {
  fairseqSinusoids,
};
