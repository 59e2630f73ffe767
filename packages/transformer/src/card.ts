import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, resolveTransformerConfig, type TransformerConfig} from './config';

/** The Transformer's data sheet; sized, it is a LLaMA style decoder. */
export const card: ArchitectureCard<TransformerConfig> = {
  name: 'transformer',
  title: 'Transformer',
  paper: {
    title: 'Attention Is All You Need',
    authors: [
      'Ashish Vaswani',
      'Noam Shazeer',
      'Niki Parmar',
      'Jakob Uszkoreit',
      'Llion Jones',
      'Aidan N. Gomez',
      'Łukasz Kaiser',
      'Illia Polosukhin',
    ],
    year: 2017,
    url: 'https://arxiv.org/abs/1706.03762',
  },
  idea: 'Every position looks at all earlier ones, weighted by how well its query matches their keys.',
  equation: String.raw`\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V`,
  complexity: {time: 'T² d', memory: 'T² + T d', state: 'T d: keys and values of all positions'},
  kinds: ['language-model', 'sequence-to-sequence'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('transformer', request);
    return sizeTo('transformer', parameters, {
      configure: (shape) => resolveTransformerConfig({...shape, vocabSize, maxSequenceLength, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 8 / 3,
    });
  },
};
