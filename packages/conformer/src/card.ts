import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {type ConformerConfig, countParameters, resolveConformerConfig} from './config';

/** Conformer's data sheet. */
export const card: ArchitectureCard<ConformerConfig> = {
  name: 'conformer',
  title: 'Conformer',
  paper: {
    title: 'Conformer: Convolution-augmented Transformer for Speech Recognition',
    authors: [
      'Anmol Gulati',
      'James Qin',
      'Chung-Cheng Chiu',
      'Niki Parmar',
      'Yu Zhang',
      'Jiahui Yu',
      'Wei Han',
      'Shibo Wang',
      'Zhengdong Zhang',
      'Yonghui Wu',
      'Ruoming Pang',
    ],
    year: 2020,
    url: 'https://arxiv.org/abs/2005.08100',
  },
  idea: 'Attention sees the whole utterance and a depthwise convolution the frames nearby, between two half feed-forwards.',
  equation: String.raw`\begin{aligned} \tilde x &= x + \tfrac12 \mathrm{FFN}(x), \quad x' = \tilde x + \mathrm{MHSA}(\tilde x), \\ x'' &= x' + \mathrm{Conv}(x'), \quad y = \mathrm{LayerNorm}(x'' + \tfrac12 \mathrm{FFN}(x'')) \end{aligned}`,
  complexity: {
    time: 'T^2 d',
    memory: 'T^2',
    state: '2 c l d + (k - 1) d per layer, of chunks of c frames and l before',
  },
  kinds: ['speech-recognizer'],
  sized(request) {
    const {parameters, vocabSize} = requireSize('conformer', request);
    return sizeTo('conformer', parameters, {
      configure: ({numLayers, hiddenSize, numHeads, intermediateSize}) =>
        resolveConformerConfig({vocabSize, numLayers, hiddenSize, numHeads, intermediateSize}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
