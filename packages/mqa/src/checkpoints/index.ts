import type {CheckpointLayout} from '@variants/core';
import type {LayoutName, MultiQueryConfig} from '../config';
import {gptBigCode} from './gpt-big-code';
import {llama, meta, mistral} from './llama';

/** The layouts of checkpoints, by the name that stands in a configuration. */
export const layouts: Record<LayoutName, CheckpointLayout<MultiQueryConfig>> = {gptBigCode, mistral, llama, meta};
