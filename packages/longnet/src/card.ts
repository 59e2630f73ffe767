import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type LongNetConfig, resolveLongNetConfig} from './config';

/** LongNet's data sheet. */
export const card: ArchitectureCard<LongNetConfig> = {
  name: 'longnet',
  title: 'LongNet',
  paper: {
    title: 'LongNet: Scaling Transformers to 1,000,000,000 Tokens',
    authors: [
      ...['Jiayu Ding', 'Shuming Ma', 'Li Dong', 'Xingxing Zhang', 'Shaohan Huang', 'Wenhui Wang', 'Nanning Zheng'],
      'Furu Wei',
    ],
    year: 2023,
    url: 'https://arxiv.org/abs/2307.02486',
  },
  idea: 'Attention within segments, the longer the sparser: near tokens are all looked at, far ones in steps that grow as the distance does.',
  equation: String.raw`O = \sum_i \frac{s_i}{\sum_j s_j} O_i,\quad O_i = \mathrm{attention}(Q_i, K_i, V_i)\ \text{in segments of } w_i = \alpha^i w_0 \text{, every } r_i = \alpha^i\text{th position}`,
  complexity: {time: 'T w_0 α/(α - 1) d', memory: 'T d', state: 'w_0 d for each pattern, whatever T'},
  kinds: ['language-model', 'masked-language-model'],
  sized(request) {
    const {parameters, vocabSize} = requireSize('longnet', request);
    return sizeTo('longnet', parameters, {
      configure: (shape) => resolveLongNetConfig({...shape, vocabSize, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
