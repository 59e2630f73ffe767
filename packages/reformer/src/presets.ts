import type {ReformerOptions} from './config';

const relu = {localChunksBefore: 1, lshChunksBefore: 1, activation: 'relu', positions: 'axial'} as const;

/** The published models, as their files have them. */
export const presets = {
  // google/reformer-crime-and-punishment: trax's notebook on text generation.
  'crime-and-punishment': {
    ...relu,
    vocabSize: 320,
    hiddenSize: 256,
    numHeads: 2,
    headSize: 64,
    intermediateSize: 512,
    attentionTypes: ['local', 'lsh', 'local', 'lsh', 'local', 'lsh'],
    localChunkLength: 64,
    lshChunkLength: 64,
    numBuckets: [64, 128],
    numHashes: 1,
    axialShape: [512, 1024],
    axialSizes: [64, 192],
  },
  // google/reformer-enwik8: trax's reformer_enwik8.gin at a width of 1024; vocabulary: the bytes, and two tokens before them.
  enwik8: {
    ...relu,
    vocabSize: 258,
    hiddenSize: 1024,
    numHeads: 8,
    headSize: 128,
    intermediateSize: 4096,
    numLayers: 12,
    attentionTypes: ['local', 'local', 'lsh', 'local'],
    localChunkLength: 128,
    lshChunkLength: 256,
    numBuckets: 512,
    numHashes: 4,
    axialShape: [128, 512],
    axialSizes: [256, 768],
  },
} satisfies Record<string, ReformerOptions>;
