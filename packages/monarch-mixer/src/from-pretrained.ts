import {type FromPretrained, fromAnyOf} from '@variants/core';
import {causalLayout} from './checkpoints/causal';
import {m2BertClassifierLayout, m2BertLayout} from './checkpoints/m2-bert';
import type {MonarchMixerConfig} from './config';
import {type M2BertClassifier, m2BertClassifier} from './m2-bert/classifier';
import type {M2BertClassifierConfig, M2BertConfig} from './m2-bert/config';
import {type M2Bert, m2Bert} from './m2-bert/masked-lm';
import {type MonarchMixer, monarchMixer} from './model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /** Fields that shall differ from the checkpoint's, such as `dropout`. */
  config?: Partial<MonarchMixerConfig> | Partial<M2BertConfig> | Partial<M2BertClassifierConfig>;
}

/**
 * A model from a checkpoint: M2-BERT in its authors' names, with its head for masked tokens or for labels, or a causal
 * model that `saveCheckpoint` wrote. The names of the tensors decide which it is; TypeScript takes it for a causal one
 * unless told otherwise, `fromPretrained<M2Bert>(source)`.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export const fromPretrained: FromPretrained<MonarchMixer, M2Bert | M2BertClassifier, FromPretrainedOptions> = fromAnyOf(
  [
    [[m2BertClassifierLayout], m2BertClassifier],
    [[m2BertLayout], m2Bert],
    [[causalLayout], monarchMixer],
  ],
);
