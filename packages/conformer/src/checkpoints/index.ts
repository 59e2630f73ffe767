import type {CheckpointLayout} from '@variants/core';
import type {ConformerConfig} from '../config';
import {huggingFaceLayout} from './hugging-face';
import {sooftwareLayout} from './sooftware';
import {torchaudioLayout} from './torchaudio';
import {espnetLayout, wenetLayout} from './wenet';

/** All that are known; the first is how a fresh model is saved. */
export const layouts: readonly CheckpointLayout<ConformerConfig>[] = [
  wenetLayout,
  espnetLayout,
  sooftwareLayout,
  torchaudioLayout,
  huggingFaceLayout,
];
