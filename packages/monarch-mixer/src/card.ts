import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type MonarchMixerConfig, resolveMonarchMixerConfig} from './config';

/** Monarch Mixer's data sheet. */
export const card: ArchitectureCard<MonarchMixerConfig> = {
  name: 'monarch-mixer',
  title: 'Monarch Mixer',
  paper: {
    title: 'Monarch Mixer: A Simple Sub-Quadratic GEMM-Based Architecture',
    authors: ['Daniel Y. Fu', 'Simran Arora', 'Jessica Grogan', 'others'],
    year: 2023,
    url: 'https://arxiv.org/abs/2310.12109',
  },
  idea: 'One kind of structured matrix mixes along the sequence, as a gated long convolution, and along the features, as block-diagonal products.',
  equation: String.raw`y = x_2 \odot (h * (x_1 \odot v)), \qquad M = P L P R \text{ with } L, R \text{ block-diagonal}`,
  complexity: {time: 'T^{3/2} d + T d^{3/2}', memory: 'T d', state: '2 T d per layer'},
  kinds: ['language-model', 'masked-language-model', 'sequence-classifier'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('monarch-mixer', request);
    return sizeTo('monarch-mixer', parameters, {
      configure({numLayers, hiddenSize, intermediateSize}) {
        // Of a narrow model, the filters' networks and positions would be most of the parameters.
        const isNarrow = hiddenSize < 256;
        return resolveMonarchMixerConfig({
          ...{vocabSize, maxSequenceLength, numLayers, hiddenSize, intermediateSize},
          ...(isNarrow && {positionSize: 3, filterSize: 32, residualConvolution: false}),
        });
      },
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
