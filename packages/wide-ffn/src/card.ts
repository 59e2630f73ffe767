import {type ArchitectureCard, sizeTo} from '@variants/core';
import {countParameters, resolveWideFfnConfig, type WideFfnConfig} from './config';

// REPLACE: the paper, its idea in one sentence, its equation, the costs that it claims.

/** One Wide Feedforward's data sheet. */
export const card: ArchitectureCard<WideFfnConfig> = {
  name: 'wide-ffn',
  title: 'One Wide Feedforward',
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
    sizeTo('wide-ffn', parameters, {
      configure: ({numLayers, hiddenSize, intermediateSize}) =>
        resolveWideFfnConfig({numLayers, hiddenSize, intermediateSize, vocabSize, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 2,
    }),
};
