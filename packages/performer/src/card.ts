import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {type PerformerConfig, resolvePerformerConfig} from './config';
import {countParameters} from './count';
import {defaultNumFeatures} from './ops/projection';

/** Performer's data sheet; sizes are those of the causal model. */
export const card: ArchitectureCard<PerformerConfig> = {
  name: 'performer',
  title: 'Performer',
  paper: {
    title: 'Rethinking Attention with Performers',
    authors: [
      'Krzysztof Choromanski',
      'Valerii Likhosherstov',
      'David Dohan',
      'Xingyou Song',
      'Andreea Gane',
      'Tamas Sarlos',
      'Peter Hawkins',
      'Jared Davis',
      'Afroz Mohiuddin',
      'Lukasz Kaiser',
      'David Belanger',
      'Lucy Colwell',
      'Adrian Weller',
    ],
    year: 2021,
    url: 'https://arxiv.org/abs/2009.14794',
  },
  idea: 'Softmax of products of queries and keys is the mean of products of random positive features, so that keys and values can be summed before any query comes.',
  equation: String.raw`o_i = \frac{\phi(q_i)^\top \sum_j \phi(k_j) v_j^\top}{\phi(q_i)^\top \sum_j \phi(k_j)}, \qquad \phi(x) = \frac{1}{\sqrt m} \exp\Big(P \tfrac{x}{\sqrt[4]{d}} - \tfrac{|x|^2}{2 \sqrt d}\Big)`,
  complexity: {time: 'T m d, m = d ln d features', memory: 'T m + m d', state: 'm (d + 1) per head, whatever T'},
  kinds: ['language-model', 'masked-language-model', 'sequence-to-sequence'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('performer', request);
    // Completed once: sizes are looked for among thousands, in which these fields alone differ.
    const base = resolvePerformerConfig({vocabSize, maxSequenceLength, tieEmbedding: true});
    return sizeTo<PerformerConfig>('performer', parameters, {
      configure: ({numHeads, hiddenSize, ...shape}) => {
        const headSize = hiddenSize / numHeads;
        return {...base, ...shape, hiddenSize, numHeads, headSize, numFeatures: defaultNumFeatures(headSize)};
      },
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
