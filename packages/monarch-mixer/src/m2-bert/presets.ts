import type {M2BertOptions} from './config';

/** A size of M2-BERT; what is not here is as in the defaults. */
const bert = (hiddenSize: number, maxSequenceLength: number): M2BertOptions => ({
  hiddenSize,
  maxSequenceLength,
  dropout: 0.1,
});

/** Published sizes of M2-BERT, by parameters (HazyResearch/m2, bert/README.md) and context (Saad-Falcon et al. 2024). */
export const m2BertPresets = {
  '80M': {...bert(768, 128), trainingAdditions: true},
  '110M': bert(960, 128),
  '260M': bert(1536, 128),
  '341M': bert(1792, 128),
  '80M-2k': bert(768, 2048),
  '80M-8k': bert(768, 8192),
  '80M-32k': bert(768, 32768),
} satisfies Record<string, M2BertOptions>;
