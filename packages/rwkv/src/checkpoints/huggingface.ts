import {CheckpointError, type CheckpointLayout} from '@variants/core';
import {type RwkvConfig, resolveConfig} from '../config';
import {modelTensors} from './tensors';

/** Hugging Face's words for the authors'. */
const words: [RegExp, string][] = [
  [/^emb\./, 'embeddings.'],
  [/\.ln0\./, '.pre_ln.'],
  [/\.att\./, '.attention.'],
  [/\.ffn\./, '.feed_forward.'],
  [/time_mix_k$/, 'time_mix_key'],
  [/time_mix_v$/, 'time_mix_value'],
  [/time_mix_r$/, 'time_mix_receptance'],
];

const nameOf = (authors: string) =>
  authors === 'head.weight'
    ? authors
    : `rwkv.${words.reduce((name, [pattern, word]) => name.replace(pattern, word), authors)}`;

/** Files of Hugging Face's RwkvForCausalLM, which is version 4. */
export const huggingFace: CheckpointLayout<RwkvConfig> = {
  name: 'huggingface',
  recognizes: ({tensors}) => tensors.has('rwkv.blocks.0.attention.time_first'),
  readConfig({name, config}) {
    const json = config ?? {};
    if (json.tie_word_embeddings === true)
      throw new CheckpointError(
        `${name}: tie_word_embeddings is true, but only models with a head of their own can be loaded`,
      );
    return resolveConfig({
      version: 4,
      vocabSize: json.vocab_size as number,
      hiddenSize: json.hidden_size as number,
      numLayers: json.num_hidden_layers as number,
      attentionSize: json.attention_hidden_size as number | undefined,
      intermediateSize: json.intermediate_size as number | undefined,
      normEpsilon: json.layer_norm_epsilon as number | undefined,
      rescaleEvery: (json.rescale_every as number | undefined) ?? 6,
    });
  },
  writeConfig: (config) => ({
    model_type: 'rwkv',
    architectures: ['RwkvForCausalLM'],
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numLayers,
    attention_hidden_size: config.attentionSize,
    intermediate_size: config.intermediateSize,
    layer_norm_epsilon: config.normEpsilon,
    rescale_every: config.rescaleEvery,
    tie_word_embeddings: false,
  }),
  tensors: (config) => modelTensors(config).map((mapping) => ({...mapping, theirs: nameOf(mapping.theirs)})),
};
