import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, type MegabyteConfig, resolveMegabyteConfig} from './config';

/** MegaByte's data sheet. */
export const card: ArchitectureCard<MegabyteConfig> = {
  name: 'megabyte',
  title: 'MegaByte',
  paper: {
    title: 'MEGABYTE: Predicting Million-byte Sequences with Multiscale Transformers',
    authors: ['Lili Yu', 'Dániel Simig', 'Colin Flaherty', 'Armen Aghajanyan', 'Luke Zettlemoyer', 'Mike Lewis'],
    year: 2023,
    url: 'https://arxiv.org/abs/2305.07185',
  },
  idea: 'Bytes are cut into patches: a large global model reads patches, a small local one predicts the bytes of each, all patches at once.',
  equation: String.raw`y = \mathrm{global}([s, \mathrm{embed}(x_{0:P}), \mathrm{embed}(x_{P:2P}), \dots]), \quad p(x_{kP+i} \mid x_{<kP+i}) = \mathrm{local}([s', x_{kP} + W_0 y_k, \dots, x_{kP+i-1} + W_{i-1} y_k])`,
  complexity: {
    time: 'T^2 / P^2 + T P with patches of P: T^(4/3) with P = T^(1/3)',
    memory: 'T d',
    state: 'T / P positions of the global model, P of the local one',
  },
  kinds: ['language-model'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('megabyte', request);
    const patchSize = usualPatch(maxSequenceLength);
    return sizeTo('megabyte', parameters, {
      configure: ({numLayers, hiddenSize, numHeads, intermediateSize}) =>
        resolveMegabyteConfig({
          vocabSize,
          stageLengths: [Math.ceil(maxSequenceLength / patchSize), patchSize],
          // In the paper's smaller models both have about half of the weights; half the width and half the depth is less.
          hiddenSizes: [hiddenSize, hiddenSize / 2],
          numLayers: [numLayers, Math.ceil(numLayers / 2)],
          intermediateSizes: [intermediateSize, Math.ceil(intermediateSize / 2)],
          numHeads,
          headSize: hiddenSize / numHeads,
        }),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};

/** The power of two at or below T^(1/3), with which attention costs the least; at least 2. */
const usualPatch = (length: number): number => Math.max(2, 2 ** Math.floor(Math.log2(Math.cbrt(length) + 1e-9)));
