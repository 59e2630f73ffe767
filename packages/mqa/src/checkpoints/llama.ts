import {type AuthorsConfig, CheckpointError, llamaFiles, metaFiles} from '@variants/core';
import {layoutOf} from './define-layout';

const isMistral = (config: AuthorsConfig | null) => config?.model_type === 'mistral';

/** As many as of the queries where a file does not say. */
const allHeads = ({num_key_value_heads, num_attention_heads}: AuthorsConfig) =>
  num_key_value_heads ?? num_attention_heads;

/** Hugging Face's LlamaForCausalLM. */
export const llama = layoutOf('llama', {
  ...llamaFiles,
  name: 'llama',
  recognizes: (checkpoint) => llamaFiles.recognizes(checkpoint) && !isMistral(checkpoint.config),
  fields: {
    ...llamaFiles.fields,
    numKeyValueHeads: {from: allHeads, to: (heads) => ({num_key_value_heads: heads})},
  },
  only: {...llamaFiles.only, model_type: 'llama'},
  constants: {architectures: ['LlamaForCausalLM'], model_type: 'llama'},
});

/** What MistralConfig has where a file does not say; null in a file means something else. */
const usualMistral = {window: 4096, keyValueHeads: 8};

/** The window of all layers; null where they see everything before them. */
function readWindow({sliding_window: window = usualMistral.window, layer_types}: AuthorsConfig, file: string): unknown {
  const [type, ...others] = new Set(Array.isArray(layer_types) ? layer_types : []);
  if (others.length > 0)
    throw new CheckpointError(
      `${file}: layer_types are ${[type, ...others].join(' and ')}, but only one type for all layers can be loaded`,
    );
  return type === 'full_attention' ? null : window;
}

/** Hugging Face's MistralForCausalLM: LLaMA's names, and a sliding window. */
export const mistral = layoutOf('llama', {
  ...llamaFiles,
  name: 'mistral',
  recognizes: (checkpoint) => llamaFiles.recognizes(checkpoint) && isMistral(checkpoint.config),
  fields: {
    ...llamaFiles.fields,
    numKeyValueHeads: {
      from: ({num_key_value_heads = usualMistral.keyValueHeads, num_attention_heads}) =>
        num_key_value_heads ?? num_attention_heads,
      to: (heads) => ({num_key_value_heads: heads}),
    },
    window: {from: readWindow, to: (window) => ({sliding_window: window})},
  },
  only: llamaFiles.only,
  constants: {architectures: ['MistralForCausalLM'], model_type: 'mistral'},
});

/** Meta's LLaMA, params.json and consolidated.00.pth. */
export const meta = layoutOf('llama', {
  ...metaFiles,
  name: 'meta',
  fields: {
    ...metaFiles.fields,
    numKeyValueHeads: {
      from: ({n_kv_heads, n_heads}) => n_kv_heads ?? n_heads,
      to: (heads) => ({n_kv_heads: heads}),
    },
  },
});
