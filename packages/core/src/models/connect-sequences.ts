import * as tf from '@tensorflow/tfjs';
import {DecoderLayer} from '../layers/decoder-layer';
import type {VariantLayer} from '../layers/layer';
import {PaddingMask} from '../layers/padding-mask';

/** The layers of a `SequenceToSequence`; every name must be its own, but source and target may share a layer. */
export interface SequenceToSequenceLayers {
  /** From source ids to the memory. The first takes ids, the others x and the attention mask. */
  encoder: VariantLayer[];
  /** From target ids to what the head takes. The first takes ids, the others x, the mask and, if a {@link DecoderLayer}, the memory. */
  decoder: VariantLayer[];
  /** To logits. */
  head: VariantLayer;
}

/** Applies the layers to ids of a source and a target, for tfjs: two inputs, and the logits. */
export function connectSequences(
  padToken: number,
  {encoder, decoder, head}: SequenceToSequenceLayers,
): {inputs: tf.SymbolicTensor[]; outputs: tf.SymbolicTensor} {
  const ids = (name: string) => tf.input({shape: [null], dtype: 'int32', name});
  const apply = (layer: VariantLayer, ...inputs: tf.SymbolicTensor[]) =>
    layer.apply(inputs.length === 1 ? inputs[0] : inputs) as tf.SymbolicTensor;
  const [source, target] = [ids('source'), ids('target')];
  const memoryMask = apply(new PaddingMask({padToken, name: 'source_mask'}), source);
  const attentionMask = apply(new PaddingMask({padToken, name: 'target_mask'}), target);
  const memory = encoder.slice(1).reduce((x, layer) => apply(layer, x, memoryMask), apply(encoder[0], source));
  const decoded = decoder.slice(1).reduce(
    (x, layer) => {
      const ofMemory = layer instanceof DecoderLayer ? [memory, memoryMask] : [];
      return apply(layer, x, attentionMask, ...ofMemory);
    },
    apply(decoder[0], target),
  );
  return {inputs: [source, target], outputs: apply(head, decoded)};
}
