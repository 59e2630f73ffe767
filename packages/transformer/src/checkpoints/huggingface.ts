import {llamaFiles} from '@variants/core';
import {decoderLayout} from './define-layout';

/** Hugging Face's LlamaForCausalLM. */
export const huggingface = decoderLayout({
  ...llamaFiles,
  name: 'huggingface',
  fields: {...llamaFiles.fields, family: {from: () => 'llama'}},
  only: {...llamaFiles.only, model_type: 'llama'},
  constants: {architectures: ['LlamaForCausalLM'], model_type: 'llama'},
});
