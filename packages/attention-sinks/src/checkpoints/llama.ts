import {llamaFiles} from '@variants/core';
import {sinkLayout} from './define-layout';

/** Hugging Face's LlamaForCausalLM. */
export const llama = sinkLayout(
  'llama',
  {
    ...llamaFiles,
    name: 'llama',
    only: {...llamaFiles.only, model_type: 'llama'},
    constants: {architectures: ['LlamaForCausalLM'], model_type: 'llama'},
  },
  (i) => `model.layers.${i}.self_attn`,
);
