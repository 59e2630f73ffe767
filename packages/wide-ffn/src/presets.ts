import type {WideFfnOptions} from './config';
import {schemes} from './schemes';

/**
 * The paper's models (tables 2 to 4 and 6), with as many ids as its counts of parameters imply; its text says 32,000. It does
 * not say where its norms are; fairseq's architectures of these names have them behind each sum.
 */
const paper = {sourceVocabSize: 50400, labelSmoothing: 0.1, dropout: 0.1} as const;
const base = {...paper, hiddenSize: 512, numHeads: 8} as const;
const big = {...paper, hiddenSize: 1024, numHeads: 16} as const;
const deep = {...big, numEncoderLayers: 12, numDecoderLayers: 2} as const;
const alone = {...big, decoderOnly: true, numDecoderLayers: 12} as const;

/** The paper's models. */
export const presets = {
  'transformer-big': {...big, ...schemes.transformer},
  'shared-enc-no-dec-big': {...big, ...schemes.sharedEncNoDec, intermediateSize: 4096},
  'one-wide-ffn-big': {...big, ...schemes.sharedEncNoDec, intermediateSize: 49152},
  'transformer-base': {...base, ...schemes.transformer},
  'one-wide-ffn-base': {...base, ...schemes.sharedEncNoDec, intermediateSize: 24576},
  'transformer-deep-encoder': {...deep, ...schemes.transformer},
  'one-wide-ffn-deep-encoder': {...deep, ...schemes.sharedEncNoDec, intermediateSize: 57344},
  'decoder-only': {...alone, decoderFfn: 'individual'},
  'one-wide-ffn-decoder-only': {...alone, decoderFfn: 'shared', decoderIntermediateSize: 49152},
} satisfies Record<string, WideFfnOptions>;
