import type {BlockFields} from './block-fields';

const frozen = {
  trainableAttentionGains: false,
  trainableFeedForwardGains: false,
  trainableMatrixGains: false,
  trainableValueGains: false,
  trainableOutputGains: false,
};

const trained = {
  trainableAttentionGains: true,
  trainableFeedForwardGains: true,
  trainableMatrixGains: true,
  trainableValueGains: true,
  trainableOutputGains: true,
};

/** What the authors' `default` and all others have alike, but for the feed-forward's gain, which follows from the depth in SAS. */
const usual = {
  norm: 'rmsNorm',
  normalization: 'pre',
  parallel: false,
  attentionGain: 1,
  attentionSkipGain: 1,
  feedForwardSkipGain: 1,
  softmaxGain: 1,
  identityGain: 0,
  centred: false,
  centreGain: 1,
  plainValues: true,
  plainOutput: true,
  valueGain: 1,
  valueSkipGain: 1,
  outputGain: 1,
  outputSkipGain: 1,
  valueInit: 'normal',
  outputInit: 'normal',
  queryStd: 0.02,
  ...frozen,
} satisfies Partial<BlockFields>;

const preNorm = {...usual, feedForwardGain: 1} satisfies Partial<BlockFields>;

const sas = {
  ...usual,
  attentionSkipGain: 0,
  identityGain: 1,
  centred: true,
  plainValues: false,
  plainOutput: false,
  valueGain: 0,
  firstValueGain: 1,
  outputGain: 0,
  valueInit: 'identity',
  outputInit: 'identity',
  queryStd: 0,
  ...trained,
} satisfies Partial<BlockFields>;

const sasParallel = {...sas, feedForwardSkipGain: 0, parallel: true} satisfies Partial<BlockFields>;

/**
 * The forms of a block in the authors' code, as fields to be spread into a configuration:
 * `simplifiedTransformer({vocabSize: 256, ...blocks.sas})`. Source: config/model/*.yaml of bobby-he/simplified_transformers
 * at 8d4ea79.
 */
export const blocks = {
  /** The Pre-LN block, the baseline (`default`). */
  preNorm,
  /** Attention and feed-forward side by side, with one skip (`default-parallel`). */
  parallel: {...preNorm, attentionSkipGain: 0, parallel: true},
  /** Simplified Attention Sub-block: no skip around attention, no values, no output projection (`skipless`). */
  sas,
  /** SAS with attention and feed-forward side by side, and no skip at all (`skipless-parallel`). */
  sasParallel,
  /** SAS-P without norms but for the embedding's and the last. */
  sasParallelWithoutNorms: {...sasParallel, norm: 'none'},
  /** No skip around attention, values and output projection kept (Value-SkipInit). */
  vSkipInit: {...sas, plainValues: true, plainOutput: true, valueInit: 'orthogonal', outputInit: 'orthogonal'},
  /** SAS with values and output projection, each a small matrix beside the identity (the paper's figure 4). */
  reparameterised: {...sas, valueGain: 0.2, firstValueGain: 0.2, outputGain: 0.2},
  /** Outlier Protected (He et al. 2024, arXiv 2405.19279): no norms but of queries and keys, branches weighed down (`op`). */
  outlierProtected: {...preNorm, norm: 'none', queryKeyNorm: true, attentionGain: 0.2, feedForwardGain: 0.2},
} as const satisfies {[name: string]: Partial<BlockFields>};
