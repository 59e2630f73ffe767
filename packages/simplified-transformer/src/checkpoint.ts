import {
  type AuthorsConfig,
  defineLayout,
  type FieldTable,
  mappings,
  namedValues,
  type TensorMapping,
} from '@variants/core';
import {matricesOf, normsOf, resolveSimplifiedTransformerConfig, type SimplifiedTransformerConfig} from './config';

const {blocks, embedding, head, linear, norm} = mappings;

type Config = SimplifiedTransformerConfig;

/** A field whose default is that of the authors' Pre-LN block. */
const gain = (theirs: string, usual: number) => ({theirs, usual});
const flag = (theirs: string, usual = false) => ({theirs, usual});

/** Standard deviations that are null where they are the usual one. */
const deviation = (theirs: string) => ({
  theirs,
  usual: 0.02,
  write: (value: number) => (value === 0.02 ? null : value),
});

const inits = {normal: 'normal', orth: 'orthogonal', id: 'identity'} as const;

const fields: FieldTable<Config> = {
  vocabSize: {theirs: 'vocab_size', required: true},
  hiddenSize: {theirs: 'n_embd', required: true},
  numLayers: {theirs: 'n_layer', required: true},
  numHeads: {theirs: 'n_head', required: true},
  intermediateSize: 'n_inner',
  maxSequenceLength: {theirs: 'n_positions', also: ['n_ctx'], usual: 1024},
  normEpsilon: 'layer_norm_epsilon',
  dropout: {theirs: 'resid_pdrop', also: ['embd_pdrop', 'attn_pdrop']},
  activation: namedValues(
    'activation_function',
    {
      leaky_relu: 'relu',
      relu: 'relu',
      gelu_new: 'geluTanh',
      gelu: 'gelu',
      silu: 'silu',
      tanh: 'tanh',
      sigmoid: 'sigmoid',
    },
    'leaky_relu',
  ),
  negativeSlope: {
    from: ({activation_function = 'leaky_relu', lrelu_neg_slope}) =>
      activation_function === 'leaky_relu' ? (lrelu_neg_slope ?? 0) : 0,
    to: (slope) => ({lrelu_neg_slope: slope}),
  },
  norm: namedValues('norm_type', {rmsnorm: 'rmsNorm', ln: 'layerNorm', none: 'none'}, 'rmsnorm'),
  normalization: {theirs: 'norm_position', usual: 'pre'},
  parallel: flag('parallel_layers'),
  queryKeyNorm: {...namedFlag('qk_norm_type', 'rmsnorm')},
  capScores: {...namedFlag('dot_norm_type', 'tanh')},
  scaleAttention: flag('scale_attn_weights', true),
  scaleAttentionByLayer: flag('scale_attn_by_inverse_layer_idx'),
  attentionGain: gain('attn_block_resid_gain', 1),
  attentionSkipGain: gain('attn_block_skip_gain', 1),
  feedForwardGain: gain('mlp_block_resid_gain', 1),
  feedForwardSkipGain: gain('mlp_block_skip_gain', 1),
  softmaxGain: gain('attn_mat_resid_gain', 1),
  identityGain: gain('attn_mat_skip_gain', 0),
  centred: flag('centre_attn'),
  centreGain: {
    from: ({centre_attn_gain, attn_mat_resid_gain}) => centre_attn_gain ?? attn_mat_resid_gain ?? 1,
    to: (value) => ({centre_attn_gain: value}),
  },
  plainValues: {from: ({value_skip_gain}) => value_skip_gain == null},
  valueGain: gain('value_resid_gain', 1),
  firstValueGain: {
    from: (json) => json.first_layer_value_resid_gain ?? valueGain(json),
    to: (value) => ({first_layer_value_resid_gain: value}),
  },
  valueSkipGain: {
    from: ({value_skip_gain}) => value_skip_gain ?? 1,
    to: (value, {plainValues}) => ({value_skip_gain: plainValues ? null : value}),
  },
  valueInit: namedValues('val_init_type', inits, 'normal'),
  plainOutput: {from: ({proj_skip_gain}) => proj_skip_gain == null},
  outputGain: {from: outputGain, to: (value) => ({proj_resid_gain: value})},
  lastOutputGain: {
    from: (json) => json.last_layer_proj_resid_gain ?? outputGain(json),
    to: (value) => ({last_layer_proj_resid_gain: value}),
  },
  outputSkipGain: {
    from: ({proj_skip_gain}) => proj_skip_gain ?? 1,
    to: (value, {plainOutput}) => ({proj_skip_gain: plainOutput ? null : value}),
  },
  outputInit: {
    from: ({proj_init_type, val_init_type}, file) =>
      namedValues('proj_init_type', inits).read?.(proj_init_type ?? val_init_type ?? 'normal', file),
    to: (value) => ({proj_init_type: namedValues('proj_init_type', inits).write?.(value, {})}),
  },
  queryStd: deviation('query_init_std'),
  keyStd: deviation('key_init_std'),
  trainableAttentionGains: flag('trainable_attn_block_gains'),
  trainableFeedForwardGains: flag('trainable_mlp_block_gains'),
  trainableMatrixGains: flag('trainable_attn_mat_gains'),
  trainableValueGains: flag('trainable_value_gains'),
  trainableOutputGains: flag('trainable_proj_gains'),
};

/** A flag of ours that is one of two names in theirs. */
function namedFlag(theirs: string, name: string) {
  const names = namedValues<'true' | 'false'>(theirs, {[name]: 'true', none: 'false'}, 'none');
  return {
    theirs,
    usual: 'none',
    read: (value: unknown, file: string) => names.read?.(value, file) === 'true',
    write: (value: boolean) => (value ? name : 'none'),
  };
}

function valueGain({value_resid_gain}: AuthorsConfig): unknown {
  return value_resid_gain ?? 1;
}

function outputGain({proj_resid_gain, ...json}: AuthorsConfig): unknown {
  return proj_resid_gain ?? valueGain(json);
}

/** Names of the same tensor: ours is a list, theirs may have axes of length 1 around it. */
const vector = (theirs: string, ours: string, shape?: number[]): TensorMapping => ({
  theirs,
  ours,
  ...(shape && {shape}),
});

/** The tensors of a linear layer with or without gains. */
function linearTensors(theirs: string, ours: string, gains: object | null): TensorMapping[] {
  return [
    ...linear(theirs, ours, {transpose: false}),
    ...(gains
      ? [vector(`${theirs}.resid_gain`, `${ours}/gain`), vector(`${theirs}.skip_gain`, `${ours}/skip_gain`)]
      : []),
  ];
}

/**
 * The tensors of a block's attention.
 * @param theirs What stands before their names: 'transformer.h.0.attn.'.
 * @param ours Our layer's path.
 */
export function attentionTensors(config: Config, layer: number, theirs: string, ours: string): TensorMapping[] {
  const {numHeads, numLayers, queryKeyNorm} = config;
  const {values, output} = matricesOf(config, {layer, numLayers});
  const gains = {
    attn_mat_resid_gain: 'softmax_gain',
    attn_mat_skip_gain: 'identity_gain',
    centre_attn_gain: 'centre_gain',
  };
  return [
    ...Object.entries(gains).map(([their, our]) => vector(theirs + their, `${ours}/${our}`, [1, numHeads, 1, 1])),
    ...linearTensors(`${theirs}qk_attn`, `${ours}/projections`, null),
    ...(values === undefined ? [] : linearTensors(`${theirs}v_attn`, `${ours}/values`, values)),
    ...(output === undefined ? [] : linearTensors(`${theirs}c_proj`, `${ours}/output`, output)),
    ...(queryKeyNorm
      ? [
          vector(`${theirs}q_norm.scale`, `${ours}/query_norm/weight`),
          vector(`${theirs}k_norm.scale`, `${ours}/key_norm/weight`),
        ]
      : []),
  ];
}

/**
 * The tensors of a block.
 * @param theirs What stands before their names: 'transformer.h.0.'.
 */
export function blockTensors(config: Config, layer: number, theirs: string, ours: string): TensorMapping[] {
  const gains = ['attn_block_resid', 'attn_block_skip', 'mlp_block_resid', 'mlp_block_skip'];
  const own = ['attention', 'attention_skip', 'feed_forward', 'feed_forward_skip'];
  const norms = ['mixer_norm', 'feed_forward_norm'];
  return [
    ...gains.map((name, i) => vector(`${theirs}${name}_gain`, `${ours}/${own[i]}_gain`)),
    ...normsOf(config, layer).flatMap((kind, i) => {
      const [their, our] = [`${theirs}ln_${i + 1}`, `${ours}/${norms[i]}`];
      if (kind === null) return [];
      return kind === 'rmsNorm' ? [vector(`${their}.scale`, `${our}/weight`)] : norm(their, our);
    }),
    ...attentionTensors(config, layer, `${theirs}attn.`, `${ours}/mixer`),
    ...linearTensors(`${theirs}mlp.c_fc`, `${ours}/feed_forward/up`, null),
    ...linearTensors(`${theirs}mlp.c_proj`, `${ours}/feed_forward/down`, null),
  ];
}

/** bobby-he/simplified_transformers: a GPT-2 of Hugging Face whose blocks are others. */
export const authorsLayout = defineLayout<Config>({
  name: 'simplified-transformer',
  recognizes: ({tensors}) => tensors.has('transformer.h.0.attn.qk_attn.weight'),
  fields,
  only: {model_type: 'gpt2', tie_word_embeddings: true},
  constants: {architectures: ['GPT2LMHeadModel'], model_type: 'gpt2'},
  resolve: (options) => resolveSimplifiedTransformerConfig(options as Config),
  tensors: (config) => [
    ...embedding('transformer.wte'),
    ...embedding('transformer.wpe', 'positions'),
    ...blocks(config.numLayers, 'transformer.h', (theirs, ours, i) => blockTensors(config, i, `${theirs}.`, ours)),
    ...norm('transformer.ln_f', 'final_norm'),
    ...head('lm_head', {tieEmbedding: true, repeated: true}),
  ],
});
