import type {MegabyteOptions} from './config';
import type {MegabytePaperOptions} from './paper/config';

/** Sizes of the code in use, lucidrains/MEGABYTE-pytorch; no weights of them were published. */
export const presets = {
  /** Its training script on enwik8, train.py: three stages, without positions. */
  enwik8: {
    vocabSize: 256,
    stageLengths: [512, 4, 4],
    hiddenSizes: [768, 512, 256],
    numLayers: [6, 4, 2],
    numHeads: 8,
    headSize: 64,
    rotary: false,
  },
  /** The example of its README, with 16,000 tokens. */
  readme: {
    vocabSize: 16000,
    stageLengths: [1024, 4],
    hiddenSizes: [512, 256],
    numLayers: [6, 4],
    numHeads: 8,
    headSize: 64,
    rotary: false,
  },
} satisfies Record<string, MegabyteOptions>;

/** What the paper's models of text have alike (section 4): contexts of 8192 bytes in patches of 8. */
const text = {vocabSize: 256, maxSequenceLength: 8192, patchSize: 8, numGlobalLayers: 24, localSize: 1024};

/**
 * Sizes of the paper, its Table 13 (global model + local model); heads are of 64 features, which the table leaves open. No
 * weights were published.
 */
export const paperPresets = {
  '350M+290M': {...text, globalSize: 128, numGlobalHeads: 16, numLocalLayers: 20, numLocalHeads: 16},
  '760M+262M': {...text, globalSize: 192, numGlobalHeads: 24, numLocalLayers: 18, numLocalHeads: 16},
  '1.3B+218M': {...text, globalSize: 256, numGlobalHeads: 32, numLocalLayers: 15, numLocalHeads: 16},
} satisfies Record<string, MegabytePaperOptions>;
