import type {HyenaOptions} from './config';

/** A HyenaDNA of the published names; its vocabulary of 12 is filled up to 16. */
const hyenaDna = (numLayers: number, hiddenSize: number, longest: number): HyenaOptions => ({
  vocabSize: 16,
  hiddenSize,
  numLayers,
  maxSequenceLength: longest + 2,
  positionSize: 5,
  frequency: 10,
  shift: 0.05,
  filterLayout: 'order-first',
});

/**
 * Published sizes: HyenaDNA's by name (arXiv 2306.15794 and the configurations of LongSafari/hyenadna-*), and the 153M of
 * safari's `configs/experiment/pile/hyena.yaml`.
 */
export const presets = {
  'hyenadna-tiny-1k': hyenaDna(2, 128, 1024),
  'hyenadna-tiny-1k-d256': hyenaDna(2, 256, 1024),
  'hyenadna-tiny-16k-d128': hyenaDna(2, 128, 16384),
  'hyenadna-small-32k': hyenaDna(4, 256, 32768),
  'hyenadna-medium-160k': hyenaDna(8, 256, 160000),
  'hyenadna-medium-450k': hyenaDna(8, 256, 450000),
  'hyenadna-large-1m': hyenaDna(8, 256, 1000000),
  'pile-153M': {
    vocabSize: 50264,
    hiddenSize: 864,
    numLayers: 18,
    intermediateSize: 1728,
    maxSequenceLength: 2048,
    positionSize: 33,
    frequency: 14,
    trainPositions: true,
  },
} satisfies Record<string, HyenaOptions>;
