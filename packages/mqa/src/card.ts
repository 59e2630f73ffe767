import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type MultiQueryConfig, resolveMultiQueryConfig} from './config';

/** Multi-query attention's data sheet; sized, it is a LLaMA style decoder with one head of keys and values. */
export const card: ArchitectureCard<MultiQueryConfig> = {
  name: 'mqa',
  title: 'Multi-Query Attention',
  paper: {
    title: 'Fast Transformer Decoding: One Write-Head is All You Need',
    authors: ['Noam Shazeer'],
    year: 2019,
    url: 'https://arxiv.org/abs/1911.02150',
  },
  idea: 'All heads of the queries share one head of keys and values, or a few, so that a decoder has less to remember and to read for each token.',
  equation: String.raw`o_h = \mathrm{softmax}\left(\frac{q_h K_{\lfloor h G / H \rfloor}^\top}{\sqrt{d_k}}\right) V_{\lfloor h G / H \rfloor},\quad 1 \le G \le H`,
  complexity: {time: 'T² d', memory: 'T² + T d', state: 'T d G / H: G heads of keys and values of all positions'},
  kinds: ['language-model'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('mqa', request);
    return sizeTo('mqa', parameters, {
      configure: (shape) => resolveMultiQueryConfig({...shape, vocabSize, maxSequenceLength, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 8 / 3,
    });
  },
};
