import {type CheckpointSource, loadAnyOf, openCheckpoint} from '@variants/core';
import {layouts} from './checkpoints';
import {llama2cBin} from './checkpoints/llama2c-bin';
import {isFileList, openMetaShards} from './checkpoints/meta-shards';
import type {TransformerConfig} from './config';
import {Transformer, transformer} from './model';
import {torchTransformer} from './seq2seq/checkpoint';
import type {EncoderDecoderConfig} from './seq2seq/config';
import {type EncoderDecoder, encoderDecoder} from './seq2seq/model';

/** Options of {@link fromPretrained}. */
export interface FromPretrainedOptions {
  /**
   * Fields that shall differ from the checkpoint's, such as `maxSequenceLength` for Meta's files, which have none. With
   * `layout`, the model is saved in another layout of its family and pairing than it was loaded from.
   */
  config?: Partial<TransformerConfig> | Partial<EncoderDecoderConfig>;
}

/**
 * A model from a checkpoint. A decoder: GPT-2 and LLaMA of Hugging Face, nanoGPT, Meta's LLaMA (also in several
 * consolidated.NN.pth), llama2.c (also .bin and ckpt.pt). An encoder-decoder: PyTorch's nn.Transformer with embeddings. The
 * names of tensors and of configuration fields decide which it is; TypeScript takes it for a decoder unless told otherwise,
 * `fromPretrained<EncoderDecoder>(source)`.
 * @param source Directory, file, URL, File objects or `{config, weights}`.
 * @throws CheckpointError when a tensor is missing, superfluous or of a wrong shape, or the configuration says too little;
 *   nothing is left half-loaded.
 */
export async function fromPretrained(source: CheckpointSource, options?: FromPretrainedOptions): Promise<Transformer>;
/** The same for a checkpoint that is known to hold an encoder-decoder. */
export async function fromPretrained<Model extends EncoderDecoder>(
  source: CheckpointSource,
  options?: FromPretrainedOptions,
): Promise<Model>;
export async function fromPretrained(
  source: CheckpointSource,
  options: FromPretrainedOptions = {},
): Promise<Transformer | EncoderDecoder> {
  // An iterator could be read once only.
  const files = isFileList(source) ? [...source] : source;
  const checkpoint = (await openMetaShards(files)) ?? (await openCheckpoint(files, {formats: [llama2cBin]}));
  try {
    const model: Transformer | EncoderDecoder = await loadAnyOf(
      checkpoint,
      [
        [[torchTransformer], encoderDecoder],
        [Object.values(layouts), transformer],
      ],
      options,
    );
    if (model instanceof Transformer) model.layout = layouts[model.config.layout];
    return model;
  } finally {
    await checkpoint.close();
  }
}
