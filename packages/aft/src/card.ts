import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {type AftConfig, countParameters, resolveAftConfig} from './config';

/** AFT's data sheet. */
export const card: ArchitectureCard<AftConfig> = {
  name: 'aft',
  title: 'AFT',
  paper: {
    title: 'An Attention Free Transformer',
    authors: [
      'Shuangfei Zhai',
      'Walter Talbott',
      'Nitish Srivastava',
      'Chen Huang',
      'Hanlin Goh',
      'Ruixiang Zhang',
      'Josh Susskind',
    ],
    year: 2021,
    url: 'https://arxiv.org/abs/2105.14103',
  },
  idea: 'Queries and keys never meet: each channel averages values by their keys and learned position biases, and the query gates the result.',
  equation: String.raw`Y_t = \sigma(Q_t) \odot \frac{\sum_{t' \le t} e^{K_{t'} + w_{t,t'}} \odot V_{t'}}{\sum_{t' \le t} e^{K_{t'} + w_{t,t'}}}`,
  complexity: {
    time: 'T d simple, T s d local and conv (s = window), T² d full',
    memory: 'T d, full also T²',
    state: '3 d per layer simple, (2 s + 3) d local and conv, 2 T d full',
  },
  kinds: ['language-model', 'image-classifier'],
  sized(request) {
    const {parameters, vocabSize} = requireSize('aft', request);
    return sizeTo('aft', parameters, {
      // It learns text faster than the others at equal size, and needs no weights for positions.
      configure: ({numLayers, hiddenSize, intermediateSize}) =>
        resolveAftConfig({variant: 'conv', vocabSize, maxSequenceLength: 0, numLayers, hiddenSize, intermediateSize}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
