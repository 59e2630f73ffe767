import type {AftOptions, AftVariant} from './config';

/** Width 256 in 24 blocks or 512 in 12, the two shapes of the paper's language models. */
type Shape = [numLayers: number, hiddenSize: number];
const deep: Shape = [24, 256];
const wide: Shape = [12, 512];

/** Pixels of CIFAR10 one value after the other (Tables 2 and 3): a window of 256, factors of 64. */
const cifar10 = ([numLayers, hiddenSize]: Shape, variant: AftVariant): AftOptions => ({
  variant,
  vocabSize: 256,
  maxSequenceLength: 3072,
  numLayers,
  hiddenSize,
  ...(variant === 'local' && {windowSize: 256, factorSize: 64}),
  dropout: 0.1,
});

/** Bytes of Enwik8 (Tables 4 to 6): factors of 256. */
const enwik8 = (
  [numLayers, hiddenSize]: Shape,
  variant: AftVariant,
  windowSize?: number,
  maxSequenceLength = 1024,
): AftOptions => ({
  variant,
  vocabSize: 256,
  maxSequenceLength,
  numLayers,
  hiddenSize,
  ...(windowSize && {windowSize, factorSize: 256}),
});

/** The paper's language models (arXiv 2105.14103, sections 5.1 and 5.2). No weights were published. */
export const presets = {
  'cifar10-local-256-24x256': cifar10(deep, 'local'),
  'cifar10-local-256-12x512': cifar10(wide, 'local'),
  'cifar10-simple-24x256': cifar10(deep, 'simple'),
  'enwik8-local-32-24x256': enwik8(deep, 'local', 32),
  'enwik8-local-32-12x512': enwik8(wide, 'local', 32),
  'enwik8-local-32-12x512-4096': enwik8(wide, 'local', 32, 4096),
  'enwik8-simple-24x256': enwik8(deep, 'simple'),
} satisfies Record<string, AftOptions>;
