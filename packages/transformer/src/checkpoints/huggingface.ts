import type {Activation} from '@variants/core';
import {readRopeScaling, writeRopeScaling} from '../rope-scaling';
import {type AuthorsConfig, assertModelType, defineLayout, readActivation, writeActivation} from './define-layout';
import {blocks, linear, norm} from './mappings';

const activationNames: Record<string, Activation> = {
  silu: 'silu',
  gelu: 'gelu',
  relu: 'relu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
};

/** Hugging Face's LlamaForCausalLM: the features (i, i + size/2) turn together. */
export const huggingface = defineLayout({
  name: 'huggingface',
  recognizes: ({tensors}) => tensors.has('model.layers.0.self_attn.q_proj.weight'),
  required: ['vocab_size', 'hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size'],
  read(json, _, file) {
    assertModelType(json, 'llama', file);
    const fields = json as Record<string, never>;
    const rope = (json.rope_parameters ?? {}) as Record<string, never>;
    return {
      family: 'llama',
      rotaryPairing: 'halves',
      activation: readActivation(activationNames, json.hidden_act ?? 'silu', file),
      vocabSize: fields.vocab_size,
      hiddenSize: fields.hidden_size,
      numLayers: fields.num_hidden_layers,
      numHeads: fields.num_attention_heads,
      numKeyValueHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
      headSize: fields.head_dim ?? undefined,
      intermediateSize: fields.intermediate_size,
      maxSequenceLength: fields.max_position_embeddings ?? null,
      // The library's own default where a file does not say.
      normEpsilon: fields.rms_norm_eps ?? 1e-6,
      attentionBias: fields.attention_bias,
      feedForwardBias: fields.mlp_bias,
      tieEmbedding: fields.tie_word_embeddings,
      rotaryBase: fields.rope_theta ?? rope.rope_theta,
      ropeScaling: readRopeScaling(json.rope_scaling ?? json.rope_parameters, file),
    };
  },
  write: (config): AuthorsConfig => ({
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
    hidden_act: writeActivation(activationNames, config.activation),
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
  // Frequencies of old exports, and a second copy of a tied embedding, which that wins over.
  ignored: [/\.rotary_emb\.inv_freq$/, /^lm_head\.weight$/],
});
