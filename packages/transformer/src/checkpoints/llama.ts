import {type Activation, type Checkpoint, CheckpointError, type CheckpointLayout} from '@variants/core';
import {resolveConfig, type TransformerConfig} from '../config';
import {readRopeScaling, writeRopeScaling} from '../rope-scaling';
import {blocks, linear, norm} from './mappings';

const activationNames: Record<string, Activation> = {silu: 'silu', gelu: 'gelu', relu: 'relu', gelu_new: 'geluTanh'};

/** Hugging Face's LlamaForCausalLM: the features (i, i + size/2) turn together. */
export const huggingface: CheckpointLayout<TransformerConfig> = {
  name: 'huggingface',
  recognizes: ({tensors}) => tensors.has('model.layers.0.self_attn.q_proj.weight'),
  readConfig({name, config}) {
    const json = (config ?? {}) as Record<string, never>;
    const rope = (json.rope_parameters ?? {}) as Record<string, never>;
    const activation = activationNames[json.hidden_act ?? 'silu'];
    if (!activation)
      throw new CheckpointError(
        `${name}: hidden_act ${json.hidden_act} is unknown; known are ${Object.keys(activationNames).join(', ')}`,
      );
    return resolveConfig({
      family: 'llama',
      layout: 'huggingface',
      rotaryPairing: 'halves',
      activation,
      vocabSize: json.vocab_size,
      hiddenSize: json.hidden_size,
      numLayers: json.num_hidden_layers,
      numHeads: json.num_attention_heads,
      numKeyValueHeads: json.num_key_value_heads ?? json.num_attention_heads,
      headSize: json.head_dim ?? undefined,
      intermediateSize: json.intermediate_size,
      maxSequenceLength: json.max_position_embeddings ?? null,
      normEpsilon: json.rms_norm_eps,
      attentionBias: json.attention_bias,
      feedForwardBias: json.mlp_bias,
      tieEmbedding: json.tie_word_embeddings,
      rotaryBase: json.rope_theta ?? rope.rope_theta,
      ropeScaling: readRopeScaling(json.rope_scaling ?? json.rope_parameters),
    });
  },
  writeConfig: (config) => ({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headSize,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxSequenceLength,
    rms_norm_eps: config.normEpsilon,
    hidden_act: Object.keys(activationNames).find((key) => activationNames[key] === config.activation),
    attention_bias: config.attentionBias,
    mlp_bias: config.feedForwardBias,
    tie_word_embeddings: config.tieEmbedding,
    rope_theta: config.rotaryBase,
    rope_scaling: writeRopeScaling(config.ropeScaling),
  }),
  tensors: (config) => {
    const {attentionBias, feedForwardBias} = config;
    return [
      {theirs: 'model.embed_tokens.weight', ours: 'embedding/table'},
      ...blocks(config, (ours, i) => {
        const layer = `model.layers.${i}`;
        return [
          ...norm(`${layer}.input_layernorm`, `${ours}/mixer_norm`, false),
          ...linear(`${layer}.self_attn.q_proj`, `${ours}/mixer/queries`, attentionBias),
          ...linear(`${layer}.self_attn.k_proj`, `${ours}/mixer/keys`, attentionBias),
          ...linear(`${layer}.self_attn.v_proj`, `${ours}/mixer/values`, attentionBias),
          ...linear(`${layer}.self_attn.o_proj`, `${ours}/mixer/output`, attentionBias),
          ...norm(`${layer}.post_attention_layernorm`, `${ours}/feed_forward_norm`, false),
          ...linear(`${layer}.mlp.gate_proj`, `${ours}/feed_forward/up`, feedForwardBias),
          ...linear(`${layer}.mlp.up_proj`, `${ours}/feed_forward/gate`, feedForwardBias),
          ...linear(`${layer}.mlp.down_proj`, `${ours}/feed_forward/down`, feedForwardBias),
        ];
      }),
      ...norm('model.norm', 'final_norm', false),
      ...(config.tieEmbedding ? [] : linear('lm_head', 'head', false)),
    ];
  },
  ignored: [/\.rotary_emb\.inv_freq$/, /^lm_head\.weight$/],
};

/** Meta's params.json, or llama2.c's model_args: the fields are the same, llama2.c has a few more. */
function metaFields({config, extra}: Pick<Checkpoint, 'config' | 'extra'>): Record<string, never> {
  const {model_args: modelArgs} = (extra ?? {}) as {model_args?: Record<string, unknown>};
  return (config ?? modelArgs ?? {}) as Record<string, never>;
}

/** F of Meta's code: 2/3 of 4 D, times the multiplier, truncated at each step, rounded up to a multiple of `multiple_of`. */
function metaIntermediateSize(json: Record<string, number | null | undefined>): number | undefined {
  if (json.hidden_dim != null) return json.hidden_dim;
  const {dim, multiple_of: multipleOf, ffn_dim_multiplier: multiplier} = json;
  if (dim == null) return undefined;
  const width = Math.trunc((multiplier ?? 1) * Math.trunc((2 * 4 * dim) / 3));
  return (multipleOf ?? 1) * Math.ceil(width / (multipleOf ?? 1));
}

function metaLayout(name: 'llama2c' | 'meta'): CheckpointLayout<TransformerConfig> {
  const isLlama2c = name === 'llama2c';
  return {
    name,
    recognizes: (checkpoint) =>
      checkpoint.tensors.has('layers.0.attention.wq.weight') &&
      (metaFields(checkpoint).max_seq_len !== undefined) === isLlama2c,
    readConfig(checkpoint) {
      const json = metaFields(checkpoint);
      const {tensors} = checkpoint;
      const stored = tensors.get('tok_embeddings.weight')?.shape[0];
      return resolveConfig({
        family: 'llama',
        layout: name,
        rotaryPairing: 'interleaved',
        // Meta's files leave it to the tokenizer, as -1.
        vocabSize: json.vocab_size > 0 ? json.vocab_size : (stored as number),
        hiddenSize: json.dim,
        numLayers: json.n_layers,
        numHeads: json.n_heads,
        numKeyValueHeads: json.n_kv_heads ?? json.n_heads,
        intermediateSize: metaIntermediateSize(json),
        maxSequenceLength: json.max_seq_len ?? null,
        normEpsilon: json.norm_eps,
        rotaryBase: json.rope_theta,
        tieEmbedding: isLlama2c && (json.tied ?? true),
        dropout: json.dropout,
      });
    },
    writeConfig: (config) => ({
      dim: config.hiddenSize,
      n_layers: config.numLayers,
      n_heads: config.numHeads,
      n_kv_heads: config.numKeyValueHeads,
      vocab_size: config.vocabSize,
      // Meta's params.json has no field for the width itself; ours is added, and read back.
      hidden_dim: config.intermediateSize,
      multiple_of: 1,
      norm_eps: config.normEpsilon,
      rope_theta: config.rotaryBase,
      ...(isLlama2c && {max_seq_len: config.maxSequenceLength, dropout: config.dropout, tied: config.tieEmbedding}),
    }),
    tensors: (config) => [
      {theirs: 'tok_embeddings.weight', ours: 'embedding/table'},
      ...blocks(config, (ours, i) => {
        const layer = `layers.${i}`;
        return [
          ...linear(`${layer}.attention.wq`, `${ours}/mixer/queries`, false),
          ...linear(`${layer}.attention.wk`, `${ours}/mixer/keys`, false),
          ...linear(`${layer}.attention.wv`, `${ours}/mixer/values`, false),
          ...linear(`${layer}.attention.wo`, `${ours}/mixer/output`, false),
          ...linear(`${layer}.feed_forward.w1`, `${ours}/feed_forward/up`, false),
          ...linear(`${layer}.feed_forward.w2`, `${ours}/feed_forward/down`, false),
          ...linear(`${layer}.feed_forward.w3`, `${ours}/feed_forward/gate`, false),
          ...norm(`${layer}.attention_norm`, `${ours}/mixer_norm`, false),
          ...norm(`${layer}.ffn_norm`, `${ours}/feed_forward_norm`, false),
        ];
      }),
      ...norm('norm', 'final_norm', false),
      ...(config.tieEmbedding
        ? [{theirs: 'output.weight', ours: 'embedding/table', alias: true}]
        : linear('output', 'head', false)),
    ],
    ignored: [/^rope\.freqs$/, /\.attention\.mask$/],
  };
}

/** karpathy/llama2.c: Meta's names, output tied to the embedding and stored twice. */
export const llama2c = metaLayout('llama2c');

/** meta-llama/llama: params.json and one consolidated file. */
export const meta = metaLayout('meta');
