import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, resolveSimplifiedTransformerConfig, type SimplifiedTransformerConfig} from './config';

/** The data sheet of simplified Transformers; it is sized as SAS-P. */
export const card: ArchitectureCard<SimplifiedTransformerConfig> = {
  name: 'simplified-transformer',
  title: 'Simplified Transformer',
  paper: {
    title: 'Simplifying Transformer Blocks',
    authors: ['Bobby He', 'Thomas Hofmann'],
    year: 2023,
    url: 'https://arxiv.org/abs/2311.01906',
  },
  idea: 'Attention that starts as the identity needs no skip, no values and no output projection.',
  equation: String.raw`M = \beta\, \mathrm{softmax}(Q K^\top) + \alpha I - \gamma U,\quad Y = M X`,
  complexity: {time: 'T² d + T d²', memory: 'T d', state: '(2 T + 1) d per layer'},
  kinds: ['language-model'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('simplified-transformer', request);
    return sizeTo('simplified-transformer', parameters, {
      configure: (shape) => resolveSimplifiedTransformerConfig({...shape, vocabSize, maxSequenceLength}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
