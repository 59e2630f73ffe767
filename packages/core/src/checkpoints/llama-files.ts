import {namedValues} from './field-table';
import {mappings} from './mappings';
import {readRopeScaling, scaledFromLength, writeRopeScaling} from './rope-scaling';
import type {TransformerFiles} from './transformer-files';

const {blocks, embedding, head, linears, norm} = mappings;

const baseIn = (parameters: unknown) => (parameters as {rope_theta?: number} | null | undefined)?.rope_theta;

/**
 * Files with the names of Hugging Face's LlamaForCausalLM, which Mistral's and others have too: the features
 * (i, i + size/2) turn together.
 */
export const llamaFiles: TransformerFiles = {
  recognizes: ({tensors}) => tensors.has('model.layers.0.self_attn.q_proj.weight'),
  fields: {
    rotaryPairing: {from: () => 'halves'},
    vocabSize: {theirs: 'vocab_size', required: true},
    hiddenSize: {theirs: 'hidden_size', required: true},
    numLayers: {theirs: 'num_hidden_layers', required: true},
    numHeads: {theirs: 'num_attention_heads', required: true},
    numKeyValueHeads: 'num_key_value_heads',
    headSize: 'head_dim',
    intermediateSize: {theirs: 'intermediate_size', required: true},
    // Where frequencies follow the length, the field says from which on, and not how long a text may be.
    maxSequenceLength: {
      from: (json, file) =>
        scaledFromLength(readRopeScaling(json, file)) === null ? (json.max_position_embeddings ?? null) : null,
      to: (length, {ropeScaling}) => ({max_position_embeddings: scaledFromLength(ropeScaling) ?? length}),
    },
    activation: namedValues(
      'hidden_act',
      {silu: 'silu', gelu: 'gelu', relu: 'relu', gelu_new: 'geluTanh', gelu_pytorch_tanh: 'geluTanh'},
      'silu',
    ),
    // The library's own default where a file does not say.
    normEpsilon: {theirs: 'rms_norm_eps', usual: 1e-6},
    attentionBias: 'attention_bias',
    feedForwardBias: 'mlp_bias',
    tieEmbedding: 'tie_word_embeddings',
    rotaryBase: {
      from: ({rope_theta, rope_parameters, rope_scaling}) =>
        rope_theta ?? baseIn(rope_parameters) ?? baseIn(rope_scaling),
      to: (base) => ({rope_theta: base}),
    },
    ropeScaling: {from: readRopeScaling, to: writeRopeScaling},
  },
  // All features of a head turn.
  only: {partial_rotary_factor: 1, 'rope_parameters.partial_rotary_factor': 1},
  tensors: (config) => {
    const attention = {useBias: config.attentionBias};
    const feedForward = {useBias: config.feedForwardBias};
    return [
      ...embedding('model.embed_tokens'),
      ...blocks(config.numLayers, 'model.layers', (theirs, ours) => [
        ...norm(`${theirs}.input_layernorm`, `${ours}/mixer_norm`, {useBias: false}),
        ...linears(
          `${theirs}.self_attn`,
          `${ours}/mixer`,
          {queries: 'q_proj', keys: 'k_proj', values: 'v_proj', output: 'o_proj'},
          attention,
        ),
        ...norm(`${theirs}.post_attention_layernorm`, `${ours}/feed_forward_norm`, {useBias: false}),
        ...linears(
          `${theirs}.mlp`,
          `${ours}/feed_forward`,
          {up: 'gate_proj', gate: 'up_proj', down: 'down_proj'},
          feedForward,
        ),
      ]),
      ...norm('model.norm', 'final_norm', {useBias: false}),
      ...head('lm_head', config),
    ];
  },
  // Frequencies of old exports, and a second copy of a tied embedding, which that wins over.
  ignored: [/\.rotary_emb\.inv_freq$/, /^lm_head\.weight$/],
};
