import {type FromPretrained, fromAnyOf} from '@variants/core';
import {causalLayout, encoderDecoderLayout, maskedLayout} from './checkpoints/layouts';
import type {PerformerConfig, PerformerMaskedConfig} from './config';
import {type PerformerMasked, performerMasked} from './masked';
import {type Performer, performer} from './model';
import type {PerformerEncoderDecoderConfig} from './seq2seq/config';
import {type PerformerEncoderDecoder, performerEncoderDecoder} from './seq2seq/model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `stabilizer`, `padding` or `dropout`. */
  config?: Partial<PerformerConfig> | Partial<PerformerMaskedConfig> | Partial<PerformerEncoderDecoderConfig>;
}

/**
 * A model from a checkpoint in the names of performer-pytorch: a causal language model, one that looks both ways, or an
 * encoder-decoder. It does what their code does, but that streams never see the future: `stabilizer` 'sequence' and `padding`
 * 'valueless', unless the checkpoint is one that this package saved with others, or `config` has them. TypeScript takes it for
 * a causal one unless told otherwise, `fromPretrained<PerformerMasked>(source)`.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export const fromPretrained: FromPretrained<
  Performer,
  PerformerMasked | PerformerEncoderDecoder,
  FromPretrainedOptions
> = fromAnyOf([
  [[causalLayout], performer],
  [[maskedLayout], performerMasked],
  [[encoderDecoderLayout], performerEncoderDecoder],
]);
