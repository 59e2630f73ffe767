import type {CheckpointLayout} from '@variants/core';
import type {LayoutName, TransformerConfig} from '../config';
import {gpt2, gpt2bare, nanogpt} from './gpt2';
import {huggingface} from './huggingface';
import {llama2c, meta} from './meta';

/** The layouts of decoder checkpoints, by the name that stands in a configuration. */
export const layouts: Record<LayoutName, CheckpointLayout<TransformerConfig>> = {
  nanogpt,
  gpt2,
  gpt2bare,
  llama2c,
  meta,
  huggingface,
};
