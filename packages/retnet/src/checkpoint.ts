import {
  type AuthorsConfig,
  type Checkpoint,
  CheckpointError,
  defineLayout,
  mappings,
  namedValues,
} from '@variants/core';
import {type RetNetConfig, resolveRetNetConfig} from './config';
import {defaultDecays} from './retention';
import {rotationFrequencies} from './retention-layer';

const {blocks, embedding, head, linears, norm} = mappings;

const decayBuffer = 'retnet_rel_pos.decay';

/** The decays of the file where they are not torchscale's own: log γ is what it stores. */
async function readDecays(checkpoint: Checkpoint): Promise<Pick<RetNetConfig, 'decays'>> {
  if (!checkpoint.tensors.has(decayBuffer)) return {decays: null};
  const logDecays = await checkpoint.read(decayBuffer);
  const usual = defaultDecays(logDecays.length).map((γ) => Math.fround(Math.log(γ)));
  const areUsual = usual.every((value, h) => Math.abs(value - logDecays[h]) < 1e-6);
  return {decays: areUsual ? null : Array.from(logDecays, Math.exp)};
}

function readNormalization({deepnorm, decoder_normalize_before}: AuthorsConfig, file: string): string {
  if (deepnorm !== true) return 'pre';
  if (decoder_normalize_before === false) return 'deepnorm';
  throw new CheckpointError(`${file}: deepnorm needs decoder_normalize_before false`);
}

/** Files of microsoft/torchscale's RetNetDecoder. */
export const torchscale = defineLayout<RetNetConfig>({
  name: 'torchscale',
  recognizes: ({tensors}) => tensors.has('layers.0.retention.q_proj.weight') && tensors.has('embed_tokens.weight'),
  fields: {
    vocabSize: {theirs: 'vocab_size', required: true},
    hiddenSize: 'decoder_embed_dim',
    valueSize: 'decoder_value_embed_dim',
    numHeads: 'decoder_retention_heads',
    intermediateSize: 'decoder_ffn_embed_dim',
    numLayers: 'decoder_layers',
    activation: namedValues('activation_fn', {swish: 'silu', silu: 'silu', gelu: 'gelu', relu: 'relu'}, 'gelu'),
    gated: {theirs: 'use_glu', usual: true},
    normalization: {
      from: readNormalization,
      to: (normalization) => ({
        decoder_normalize_before: normalization === 'pre',
        deepnorm: normalization === 'deepnorm',
      }),
    },
    scaleEmbedding: {theirs: 'no_scale_embedding', usual: true, read: (value) => !value, write: (value) => !value},
    embeddingNorm: {theirs: 'layernorm_embedding', usual: false},
    tieEmbedding: {theirs: 'share_decoder_input_output_embed', usual: false},
    normEpsilon: 'layernorm_eps',
    form: {
      theirs: 'chunkwise_recurrent',
      read: (isChunkwise) => (isChunkwise ? 'chunkwise' : 'parallel'),
      write: (form) => form === 'chunkwise',
    },
    // What the authors' code does with their files; ours say otherwise by a field of their own.
    chunkNormalizer: {from: () => 'torchscale'},
    chunkSize: 'recurrent_chunk_size',
    dropout: 'dropout',
  },
  only: {moe_freq: 0, multiway: false},
  constants: {model_type: 'retnet'},
  fromTensors: {names: ['decays'], read: readDecays},
  resolve: resolveRetNetConfig,
  tensors: ({numLayers, gated, embeddingNorm, normalization, tieEmbedding}) => [
    ...embedding('embed_tokens'),
    ...(embeddingNorm ? norm('layernorm_embedding', 'embedding_norm', {useBias: false}) : []),
    ...blocks(numLayers, 'layers', (theirs, ours) => [
      ...norm(`${theirs}.retention_layer_norm`, `${ours}/mixer_norm`, {useBias: false}),
      ...linears(
        `${theirs}.retention`,
        `${ours}/mixer`,
        {queries: 'q_proj', keys: 'k_proj', values: 'v_proj', gate: 'g_proj', output: 'out_proj'},
        {useBias: false},
      ),
      ...norm(`${theirs}.final_layer_norm`, `${ours}/feed_forward_norm`, {useBias: false}),
      ...linears(
        `${theirs}.ffn`,
        `${ours}/feed_forward`,
        {up: 'fc1', ...(gated && {gate: 'gate'}), down: 'fc2'},
        {useBias: !gated},
      ),
    ]),
    ...(normalization === 'pre' ? norm('layer_norm', 'final_norm', {useBias: false}) : []),
    ...head('output_projection', {tieEmbedding}),
  ],
  buffers({numHeads, hiddenSize, decays}) {
    const angle = rotationFrequencies(hiddenSize / numHeads).flatMap((frequency) => [frequency, frequency]);
    const logDecays = (decays ?? defaultDecays(numHeads)).map(Math.log);
    return {
      'retnet_rel_pos.angle': {shape: [angle.length], data: Float32Array.from(angle)},
      [decayBuffer]: {shape: [numHeads], data: Float32Array.from(logDecays)},
    };
  },
});
