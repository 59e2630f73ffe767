import {type ArchitectureCard, sizeToFit} from '@variants/core';
import {countParameters, type RwkvConfig, resolveConfig} from './config';

/** RWKV's data sheet. */
export const card: ArchitectureCard<RwkvConfig> = {
  name: 'rwkv',
  title: 'RWKV',
  paper: {
    title: 'RWKV: Reinventing RNNs for the Transformer Era',
    authors: ['Bo Peng', 'Eric Alcaide', 'Quentin Anthony', 'others'],
    year: 2023,
    url: 'https://arxiv.org/abs/2305.13048',
  },
  idea: 'A running average of values that forgets at a learned rate per channel: an RNN when it generates, trained on all positions at once.',
  equation: String.raw`wkv_t = \frac{\sum_{i<t} e^{-(t-1-i)w+k_i} v_i + e^{u+k_t} v_t}{\sum_{i<t} e^{-(t-1-i)w+k_i} + e^{u+k_t}}`,
  complexity: {time: 'T d', memory: 'T d', state: '5 d per layer, whatever T'},
  kinds: ['language-model'],
  sized: ({parameters, vocabSize}) =>
    sizeToFit('rwkv', parameters, {
      // Of a narrow model, the authors' ranks would be most of the parameters.
      configure: (shape) =>
        resolveConfig({
          ...shape,
          vocabSize,
          mixRank: Math.min(32, Math.ceil(0.8 * shape.hiddenSize)),
          decayRank: Math.min(64, Math.ceil(1.6 * shape.hiddenSize)),
        }),
      countParameters,
      feedForwardRatio: 3.5,
    }),
};
