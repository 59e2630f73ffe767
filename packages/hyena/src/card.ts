import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type HyenaConfig, resolveHyenaConfig} from './config';

/** Hyena's data sheet. */
export const card: ArchitectureCard<HyenaConfig> = {
  name: 'hyena',
  title: 'Hyena',
  paper: {
    title: 'Hyena Hierarchy: Towards Larger Convolutional Language Models',
    authors: [
      'Michael Poli',
      'Stefano Massaroli',
      'Eric Nguyen',
      'Daniel Y. Fu',
      'Tri Dao',
      'Stephen Baccus',
      'Yoshua Bengio',
      'Stefano Ermon',
      'Christopher Ré',
    ],
    year: 2023,
    url: 'https://arxiv.org/abs/2302.10866',
  },
  idea: 'Convolutions as long as the sequence, whose filters a small network makes of positions, in turn with gates made of the input.',
  equation: String.raw`y = x_0 \cdot (h_{N-1} * (x_1 \cdot (\dots h_1 * (x_{N-1} \cdot v)))),\quad h_t = \mathrm{Window}(t)\,\mathrm{FFN}(\mathrm{PE}(t))`,
  complexity: {
    time: 'N d T (log T + d)',
    memory: 'T d',
    state: 'N T d per layer; after distillation N d n, n modes, whatever T',
  },
  kinds: ['language-model', 'sequence-classifier'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('hyena', request);
    return sizeTo('hyena', parameters, {
      configure: ({numLayers, hiddenSize, intermediateSize}) =>
        resolveHyenaConfig({
          numLayers,
          hiddenSize,
          intermediateSize,
          vocabSize,
          maxSequenceLength,
          // Of a narrow model, the published width would be most of the parameters.
          filterSize: Math.min(64, hiddenSize),
        }),
      countParameters,
      feedForwardRatio: 2,
    });
  },
};
