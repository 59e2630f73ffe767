import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  type CheckpointSource,
  LanguageModel,
  LayerNorm,
  loadCheckpoint,
  TokenEmbedding,
  uniform,
  type VariantLayer,
} from '@variants/core';
import {RwkvBlock} from './block';
import {blinkDL} from './checkpoints/blinkdl';
import {huggingFace} from './checkpoints/huggingface';
import {type RwkvConfig, type RwkvOptions, resolveRwkvConfig} from './config';
import {RwkvHead} from './head';

/** An RWKV language model: embedding with a norm, blocks, norm, head. */
export class Rwkv extends LanguageModel<RwkvConfig> {
  static override readonly className = 'Rwkv';
  override layout: CheckpointLayout<RwkvConfig> = blinkDL;

  constructor(config: RwkvOptions) {
    const complete = resolveRwkvConfig(config);
    super(complete, stages(complete), {name: 'rwkv', beyondStates: ['initialState', 'logitPenalty']});
  }
}
tf.serialization.registerClass(Rwkv);

function stages(config: RwkvConfig): VariantLayer[] {
  const {vocabSize, hiddenSize, numLayers, normEpsilon: epsilon, logitPenalty} = config;
  return [
    // The norm that follows makes any size of it the same; a small one learns faster.
    new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, uniform(1e-4)),
    new LayerNorm({name: 'embedding_norm', epsilon}),
    ...Array.from(
      {length: numLayers},
      (_, layerIndex) => new RwkvBlock({...config, name: `block_${layerIndex}`, layerIndex}),
    ),
    new LayerNorm({name: 'final_norm', epsilon}),
    new RwkvHead({name: 'head', vocabSize, logitPenalty}),
  ];
}

/**
 * An RWKV language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function rwkv(config: RwkvOptions): Rwkv {
  return new Rwkv(config);
}

/**
 * An RWKV from a checkpoint: a file of the authors (.pth, or safetensors in their names), whose tensors alone say all, or
 * Hugging Face's form of version 4.
 * @param source File, directory, URL, File objects or `{config, weights}`.
 * @param options.config Fields that shall differ from the checkpoint's, such as `dropout`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape; nothing is left half-loaded.
 */
export function fromPretrained(source: CheckpointSource, options: {config?: Partial<RwkvConfig>} = {}): Promise<Rwkv> {
  return loadCheckpoint(source, [blinkDL, huggingFace], rwkv, options);
}
