import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type RwkvConfig, resolveRwkvConfig} from './config';

/** The data sheet of RWKV's newest version, 7. */
export const card: ArchitectureCard<RwkvConfig> = {
  name: 'rwkv',
  title: 'RWKV',
  paper: {
    title: 'RWKV-7 "Goose" with Expressive Dynamic State Evolution',
    authors: ['Bo Peng', 'Ruichong Zhang', 'Daniel Goldstein', 'others'],
    year: 2025,
    url: 'https://arxiv.org/abs/2503.14456',
  },
  idea: 'A matrix per head that fades, and takes out what it holds under a key before it takes in the new value: an RNN when it generates, trained on all positions at once.',
  equation: String.raw`S_t = \mathrm{diag}(d_t) S_{t-1} - (a_t \odot \kappa_t) \kappa_t^\top S_{t-1} + k_t v_t^\top, \quad y_t = r_t^\top S_t`,
  complexity: {time: 'T d', memory: 'T d', state: '(N + 2) d per layer for heads of N, whatever T'},
  kinds: ['language-model'],
  sized(request) {
    const {parameters, vocabSize} = requireSize('rwkv', request);
    return sizeTo('rwkv', parameters, {
      configure: (shape) => resolveRwkvConfig({...shape, vocabSize, ...narrowRanks(shape.hiddenSize)}),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};

/** The authors' ranks but for their rounding up to multiples of 32, which in a narrow model would be most of the parameters. */
function narrowRanks(hiddenSize: number) {
  const root = Math.sqrt(hiddenSize);
  return {
    decayRank: Math.ceil(1.8 * root),
    learningRateRank: Math.ceil(1.8 * root),
    valueRank: Math.ceil(1.3 * root),
    gateRank: Math.ceil(0.6 * hiddenSize ** 0.8),
  };
}
