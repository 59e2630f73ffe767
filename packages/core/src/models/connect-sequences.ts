import * as tf from '@tensorflow/tfjs';
import type {VariantLayer} from '../layers/layer';
import {PaddingMask} from '../layers/padding-mask';
import {connectCarrying, connectThrough} from './chain';
import type {ModelGraph} from './variant-model';

/** The layers of a `SequenceToSequence`; every name must be its own, but source and target may share a layer. */
export interface SequenceToSequenceLayers {
  /**
   * From source ids to the memory. The first takes ids, the others x and the attention mask. What they give beside it
   * travels on to the decoder.
   */
  encoder: VariantLayer[];
  /** From target ids to what the head takes. The first takes ids, the others x and the mask; the memory travels beside. */
  decoder: VariantLayer[];
  /** To logits. */
  head: VariantLayer;
}

/** Applies the layers to ids of a source and a target, for tfjs: two inputs, and the logits. */
export function connectSequences(padToken: number, {encoder, decoder, head}: SequenceToSequenceLayers): ModelGraph {
  const ids = (name: string) => tf.input({shape: [null], dtype: 'int32', name});
  const maskOf = (name: string, tokens: tf.SymbolicTensor) =>
    new PaddingMask({padToken, name}).apply(tokens) as tf.SymbolicTensor;
  const [source, target] = [ids('source'), ids('target')];
  const [memoryMask, attentionMask] = [maskOf('source_mask', source), maskOf('target_mask', target)];
  const {output: memory, carried} = connectCarrying(encoder, source, {
    maskOf: (layer) => (layer === encoder[0] ? undefined : memoryMask),
  });
  const outputs = connectThrough([...decoder, head], target, {
    maskOf: (layer) => (layer === decoder[0] || layer === head ? undefined : attentionMask),
    carried: {...carried, memory, memoryMask},
  });
  return {inputs: [source, target], outputs};
}
