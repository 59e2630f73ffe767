import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type ReformerConfig, resolveReformerConfig} from './config';

/** Reformer's data sheet. */
export const card: ArchitectureCard<ReformerConfig> = {
  name: 'reformer',
  title: 'Reformer',
  paper: {
    title: 'Reformer: The Efficient Transformer',
    authors: ['Nikita Kitaev', 'Łukasz Kaiser', 'Anselm Levskaya'],
    year: 2020,
    url: 'https://arxiv.org/abs/2001.04451',
  },
  idea: 'Queries look at keys in the same hash bucket, and layers are reversible, so that activations are stored once.',
  equation: String.raw`o_i = \sum_{j \in P_i} \mathrm{softmax}_j(u_i \cdot u_j / |u_j|)\, v_j,\quad P_i = \{j \le i: h(u_j) \approx h(u_i)\};\qquad y_1 = x_1 + f(x_2),\; y_2 = x_2 + g(y_1)`,
  complexity: {
    time: 'R T c d, R rounds, c positions of a chunk; T log T as the paper sorts',
    memory: 'T d, whatever the number of layers, and R T numbers of buckets per layer',
    state: '2 T d per LSH layer, 4 c d per local layer',
  },
  kinds: ['language-model', 'masked-language-model', 'sequence-classifier'],
  sized(request) {
    const {parameters, vocabSize} = requireSize('reformer', request);
    return sizeTo('reformer', parameters, {
      configure: ({numLayers, hiddenSize, intermediateSize}) =>
        resolveReformerConfig({numLayers, hiddenSize, intermediateSize, vocabSize}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
