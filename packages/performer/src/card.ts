import {type ArchitectureCard, sizeTo} from '@variants/core';
import {countParameters, type PerformerConfig, resolvePerformerConfig} from './config';

// REPLACE: the paper, its idea in one sentence, its equation, the costs that it claims.

/** Performer's data sheet. */
export const card: ArchitectureCard<PerformerConfig> = {
  name: 'performer',
  title: 'Performer',
  paper: {
    title: 'Title of the paper',
    authors: ['First Author'],
    year: 2025,
    url: 'https://arxiv.org/abs/0000.00000',
  },
  idea: 'Softmax gives way to the mean of all values so far, so that a token costs the same whatever the length.',
  equation: String.raw`y_t = \Big(\mathrm{silu}(x_t W_g) \odot \frac{1}{t} \sum_{s \le t} x_s W_v\Big) W_o`,
  complexity: {time: 'T d v, v = value size', memory: 'T d', state: 'v + 1, whatever T'},
  kinds: ['language-model'],
  sized: ({parameters, vocabSize}) =>
    sizeTo('performer', parameters, {
      configure: ({numLayers, hiddenSize, intermediateSize}) =>
        resolvePerformerConfig({numLayers, hiddenSize, intermediateSize, vocabSize, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 2,
    }),
};
