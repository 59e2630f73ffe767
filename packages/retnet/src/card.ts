import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type RetNetConfig, resolveRetNetConfig} from './config';

/** RetNet's data sheet. */
export const card: ArchitectureCard<RetNetConfig> = {
  name: 'retnet',
  title: 'RetNet',
  paper: {
    title: 'Retentive Network: A Successor to Transformer for Large Language Models',
    authors: [
      'Yutao Sun',
      'Li Dong',
      'Shaohan Huang',
      'Shuming Ma',
      'Yuqing Xia',
      'Jilong Xue',
      'Jianyong Wang',
      'Furu Wei',
    ],
    year: 2023,
    url: 'https://arxiv.org/abs/2307.08621',
  },
  idea: 'Softmax gives way to an exponential decay per head, so that one function has a parallel form to train, a chunkwise one for long sequences and a recurrent one to generate; with the authors\' divisor of chunks (chunkNormalizer "torchscale") the chunkwise form is off by some percent at fresh weights.',
  equation: String.raw`\mathrm{Retention}(X) = (QK^\top \odot D)V,\quad D_{nm} = \gamma^{n-m}\ (n \ge m)`,
  complexity: {time: 'T d (b + h), b = chunk, h = head size', memory: 'T d', state: 'd² / heads, whatever T'},
  kinds: ['language-model'],
  sized(request) {
    const {parameters, vocabSize} = requireSize('retnet', request);
    return sizeTo('retnet', parameters, {
      configure: (shape) => resolveRetNetConfig({...shape, vocabSize, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 2,
    });
  },
};
