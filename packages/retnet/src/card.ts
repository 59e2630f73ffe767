import {type ArchitectureCard, type Candidate, sizeToFit} from '@variants/core';
import {countParameters, type RetNetConfig, resolveConfig} from './config';

/** Blocks for a model of this size: about log10, as the published sizes grow. */
const depths = [2, 3, 4, 6, 8, 12, 16, 24, 32];

/** Shapes in the paper's proportions: values twice as wide, heads of at least 16; the feed-forward takes up the rest. */
function* candidates(parameters: number, vocabSize: number): Iterable<Candidate<RetNetConfig>> {
  const fits: Candidate<RetNetConfig>[] = [];
  for (const numLayers of depths)
    for (let hiddenSize = 16; hiddenSize <= 8192; hiddenSize += hiddenSize < 256 ? 8 : 64) {
      const numHeads = hiddenSize % 64 === 0 ? Math.max(2, hiddenSize / 64) : hiddenSize % 4 === 0 ? 2 : 1;
      const shape = (intermediateSize: number) =>
        resolveConfig({vocabSize, hiddenSize, numLayers, numHeads, intermediateSize, tieEmbedding: true});
      const rest = parameters - countParameters(shape(1));
      const intermediateSize = 8 * Math.round(rest / (3 * hiddenSize * numLayers) / 8);
      // Between half and twice the usual width, or it would be another architecture.
      if (intermediateSize < hiddenSize || intermediateSize > 4 * hiddenSize) continue;
      const config = shape(intermediateSize);
      fits.push({config, parameters: countParameters(config)});
    }
  const aspect = ({config}: Candidate<RetNetConfig>) => config.hiddenSize / config.numLayers;
  const proportion = ({config}: Candidate<RetNetConfig>) => Math.log(config.intermediateSize / (2 * config.hiddenSize));
  const oddness = (c: Candidate<RetNetConfig>) => Math.abs(Math.log(aspect(c) / 32)) + Math.abs(proportion(c));
  yield* fits.sort((a, b) => oddness(a) - oddness(b));
}

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
  idea: 'Softmax gives way to an exponential decay per head, so that one function has a parallel form to train and a recurrent form to generate.',
  equation: String.raw`\mathrm{Retention}(X) = (QK^\top \odot D)V,\quad D_{nm} = \gamma^{n-m}\ (n \ge m)`,
  complexity: {time: 'T d (b + h), b = chunk, h = head size', memory: 'T d', state: 'd² / heads, whatever T'},
  kinds: ['language-model'],
  sized: ({parameters, vocabSize}) => sizeToFit('retnet', parameters, candidates(parameters, vocabSize)),
};
