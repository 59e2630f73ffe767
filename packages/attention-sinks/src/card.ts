import {type ArchitectureCard, requireSize, sizeTo} from '@variants/core';
import {type AttentionSinksConfig, countParameters, resolveAttentionSinksConfig} from './config';

/** Attention sinks' data sheet; sized, it is a LLaMA style decoder whose cache fills its context. */
export const card: ArchitectureCard<AttentionSinksConfig> = {
  name: 'attention-sinks',
  title: 'Attention Sinks',
  paper: {
    title: 'Efficient Streaming Language Models with Attention Sinks',
    authors: ['Guangxuan Xiao', 'Yuandong Tian', 'Beidi Chen', 'Song Han', 'Mike Lewis'],
    year: 2023,
    url: 'https://arxiv.org/abs/2309.17453',
  },
  idea: 'A stream keeps the first few tokens, which attention leans on, beside the last ones, and so goes on for ever.',
  equation: String.raw`y_t = \mathrm{attention}\big(q_t,\; [k_{0 \dots s-1};\, k_{t-w \dots t}],\; [v_{0 \dots s-1};\, v_{t-w \dots t}]\big)`,
  complexity: {
    time: 'T (s + w) d, s = sinks, w = window',
    memory: 'T d',
    state: '(s + w) d, whatever T: keys and values of sinks and window',
  },
  kinds: ['language-model'],
  sized(request) {
    const {parameters, vocabSize, maxSequenceLength} = requireSize('attention-sinks', request);
    return sizeTo('attention-sinks', parameters, {
      configure: (shape) => resolveAttentionSinksConfig({...shape, vocabSize, maxSequenceLength, tieEmbedding: true}),
      countParameters,
      feedForwardRatio: 8 / 3,
    });
  },
};
