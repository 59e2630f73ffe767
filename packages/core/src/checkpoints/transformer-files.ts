import type {RotaryPairing} from '../kernels/rotary-embedding';
import type {RopeScaling} from '../kernels/rotary-embedding/rope-scaling';
import type {Activation} from '../layers/activations';
import type {LayoutDefinition} from './define-layout';

/** The fields of a decoder-only Transformer that files of GPT-2, LLaMA and their kin tell. */
export interface TransformerFileFields {
  /** Number of different tokens. */
  vocabSize: number;
  /** Width D: the features of a position between the blocks. */
  hiddenSize: number;
  /** Number of blocks. */
  numLayers: number;
  /** Heads of the queries. Default: as many as hiddenSize can be cut into with 64 features or more each. */
  numHeads: number;
  /** Heads of keys and values. Default numHeads. */
  numKeyValueHeads: number;
  /** Features of a head. Default hiddenSize / numHeads. */
  headSize: number;
  /** Width of the feed-forward. */
  intermediateSize: number;
  /** The longest sequence; null for no limit, unless each position is learned. Default 1024. */
  maxSequenceLength: number | null;
  /** Of the feed-forward. */
  activation: Activation;
  /** Epsilon of all norms. Default 1e-5. */
  normEpsilon: number;
  /** Biases on the projections of attention. */
  attentionBias: boolean;
  /** Biases in the feed-forward. */
  feedForwardBias: boolean;
  /** Biases in the norms (LayerNorm alone). */
  normBias: boolean;
  /** Uses the embedding's table for the logits. */
  tieEmbedding: boolean;
  /** Multiplies scores by headSize^-0.5. Default true. */
  scaleAttention: boolean;
  /** Divides the scores of layer i by i + 1. Default false. */
  scaleAttentionByLayer: boolean;
  /** Base of the rotary frequencies. Default 10000. */
  rotaryBase: number;
  /** Which features turn together: 'interleaved' as in Meta's files, 'halves' as in Hugging Face's. */
  rotaryPairing: RotaryPairing;
  /** Stretches the rotary frequencies for longer texts. Default null. */
  ropeScaling: RopeScaling | null;
  /** Dropout on the embedding, the attention probabilities and behind attention and feed-forward. Default 0. */
  dropout: number;
}

/**
 * What the layouts of one kind of file have alike, whatever model they are read into: a package's layout is
 * `defineLayout({...llamaFiles, name, only, constants, resolve})`, with further fields where its files have them.
 */
export type TransformerFiles = Pick<
  LayoutDefinition<TransformerFileFields>,
  'recognizes' | 'fields' | 'only' | 'tensors' | 'ignored'
>;
