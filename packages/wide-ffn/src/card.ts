import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {countParameters, resolveWideFfnConfig, type WideFfnConfig} from './config';

/** One Wide Feedforward's data sheet. */
export const card: ArchitectureCard<WideFfnConfig> = {
  name: 'wide-ffn',
  title: 'One Wide Feedforward',
  paper: {
    title: 'One Wide Feedforward is All You Need',
    authors: ['Telmo Pessoa Pires', 'António V. Lopes', 'Yannick Assogba', 'Hendra Setiawan'],
    year: 2023,
    url: 'https://arxiv.org/abs/2309.01826',
  },
  idea: 'All layers of the encoder share one feed-forward as wide as those of all layers together, and the decoder, which runs for every token written, has none.',
  equation: String.raw`\begin{aligned} \text{encoder:}\quad & x \leftarrow \mathrm{LN}(x + \mathrm{SelfAttn}(x)), \quad x \leftarrow \mathrm{LN}(x + W_2\,\mathrm{relu}(W_1 x + b_1) + b_2) \\ \text{decoder:}\quad & y \leftarrow \mathrm{LN}(y + \mathrm{SelfAttn}(y)), \quad y \leftarrow \mathrm{LN}(y + \mathrm{CrossAttn}(y, x)) \end{aligned}`,
  complexity: {
    time: 'S d d_ff + (S + T)^2 d in all, of which 12 d^2 + (S + T) d per layer of the decoder for a token that is written',
    memory: '(S + T) d + S d_ff',
    state: '2 d (S + T) per layer of the decoder',
  },
  kinds: ['sequence-to-sequence'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('wide-ffn', request);
    return sizeTo('wide-ffn', parameters, {
      configure: ({numLayers, hiddenSize, numHeads, intermediateSize}) =>
        resolveWideFfnConfig({
          sourceVocabSize: vocabSize,
          ...{hiddenSize, numHeads, numEncoderLayers: numLayers, numDecoderLayers: numLayers},
          // Where the Transformer has one in each layer of both stacks.
          intermediateSize: 2 * numLayers * intermediateSize,
          maxSequenceLength: Math.max(2, maxSequenceLength),
        }),
      countParameters,
      feedForwardRatio: 4,
    });
  },
};
