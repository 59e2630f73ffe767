import type {RetNetOptions} from './config';

/** γ_h = 1 - exp(linspace(log 1/32, log 1/512, heads)), the decays of the paper's language models (section 3.1). */
function paperDecays(numHeads: number): number[] {
  const [first, last] = [Math.log(1 / 32), Math.log(1 / 512)];
  return Array.from({length: numHeads}, (_, h) => 1 - Math.exp(first + ((last - first) * h) / (numHeads - 1)));
}

/** A size of Table 2 of arXiv 2307.08621: head size 256, values twice as wide, a feed-forward of twice the width without gate. */
function paperSize(numLayers: number, hiddenSize: number): RetNetOptions {
  const numHeads = hiddenSize / 256;
  return {
    vocabSize: 50257,
    numLayers,
    hiddenSize,
    numHeads,
    valueSize: 2 * hiddenSize,
    intermediateSize: 2 * hiddenSize,
    gated: false,
    activation: 'gelu',
    decays: paperDecays(numHeads),
  };
}

/** A size of torchscale's `retnet_*` architectures (torchscale/architecture/config.py and its fairseq example). */
function torchscaleSize(hiddenSize: number, valueSize: number, numLayers: number, numHeads: number): RetNetOptions {
  return {
    vocabSize: 50257,
    numLayers,
    hiddenSize,
    numHeads,
    valueSize,
    intermediateSize: valueSize,
    scaleEmbedding: true,
  };
}

/** Published sizes: the paper's by parameters, torchscale's by name. Their vocabulary is GPT-2's; no weights were published. */
export const presets = {
  '1.3B': paperSize(24, 2048),
  '2.7B': paperSize(32, 2560),
  '6.7B': paperSize(32, 4096),
  base: torchscaleSize(512, 864, 6, 2),
  medium: torchscaleSize(1024, 1728, 16, 4),
  xl: torchscaleSize(2048, 3456, 24, 8),
  '3b': torchscaleSize(2560, 4280, 32, 10),
  '7b': torchscaleSize(4096, 6912, 32, 16),
  '13b': torchscaleSize(5120, 8560, 40, 20),
  '65b': torchscaleSize(8192, 13824, 64, 32),
} satisfies Record<string, RetNetOptions>;
