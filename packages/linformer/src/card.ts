import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {type LinformerConfig, resolveLinformerConfig} from './config';
import {countParameters} from './count';

/** Linformer's data sheet; sizes are those of the model with a head for tokens. */
export const card: ArchitectureCard<LinformerConfig> = {
  name: 'linformer',
  title: 'Linformer',
  paper: {
    title: 'Linformer: Self-Attention with Linear Complexity',
    authors: ['Sinong Wang', 'Belinda Z. Li', 'Madian Khabsa', 'Han Fang', 'Hao Ma'],
    year: 2020,
    url: 'https://arxiv.org/abs/2006.04768',
  },
  idea: 'Keys and values are compressed along the sequence by learned matrices, so that every token attends to a fixed number of slots.',
  equation: String.raw`\mathrm{head}_i = \mathrm{softmax}\!\left(\frac{Q W_i^Q (E_i K W_i^K)^\top}{\sqrt{d_k}}\right) F_i V W_i^V, \qquad E_i, F_i \in \mathbb{R}^{k \times n}`,
  complexity: {time: 'T k d', memory: 'T k', state: 'none: it reads whole sequences'},
  kinds: ['masked-language-model', 'sequence-classifier'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('linformer', request);
    return sizeTo('linformer', parameters, {
      configure: ({numLayers, hiddenSize, numHeads, intermediateSize}) =>
        resolveLinformerConfig({vocabSize, maxSequenceLength, numLayers, hiddenSize, numHeads, intermediateSize}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
