import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type RoFormerConfig, resolveRoFormerConfig} from './config';

/** RoFormer's data sheet; sizes are those of the causal model. */
export const card: ArchitectureCard<RoFormerConfig> = {
  name: 'roformer',
  title: 'RoFormer',
  paper: {
    title: 'RoFormer: Enhanced Transformer with Rotary Position Embedding',
    authors: ['Jianlin Su', 'Yu Lu', 'Shengfeng Pan', 'Ahmed Murtadha', 'Bo Wen', 'Yunfeng Liu'],
    year: 2021,
    url: 'https://arxiv.org/abs/2104.09864',
  },
  idea: 'Queries and keys are rotated by angles proportional to their positions, so that their products depend on distances alone.',
  equation: String.raw`(R_m q)^\top (R_n k) = q^\top R_{n-m} k, \qquad R_n = \operatorname{diag}_i \begin{pmatrix} \cos n\theta_i & -\sin n\theta_i \\ \sin n\theta_i & \cos n\theta_i \end{pmatrix}`,
  complexity: {time: 'T^2 d', memory: 'T d', state: '2 T d per layer'},
  kinds: ['language-model', 'masked-language-model', 'sequence-classifier'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('roformer', request);
    return sizeTo('roformer', parameters, {
      configure: ({numLayers, hiddenSize, numHeads, intermediateSize}) =>
        resolveRoFormerConfig({vocabSize, maxSequenceLength, numLayers, hiddenSize, numHeads, intermediateSize}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
