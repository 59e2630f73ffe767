import {
  type Activation,
  type Checkpoint,
  CheckpointError,
  type CheckpointLayout,
  type TensorMapping,
} from '@variants/core';
import {type RetNetConfig, resolveRetNetConfig} from './config';
import {defaultDecays} from './retention';
import {rotationFrequencies} from './retention-layer';

/** torchscale's names of activations. */
const activationNames: Record<string, Activation> = {swish: 'silu', silu: 'silu', gelu: 'gelu', relu: 'relu'};

/** Fields of torchscale's RetNetConfig whose other values mean another architecture. */
const onlyValues: Record<string, unknown> = {moe_freq: 0, multiway: false};

const decayBuffer = 'retnet_rel_pos.decay';

async function readConfig(checkpoint: Checkpoint): Promise<RetNetConfig> {
  const json = checkpoint.config ?? {};
  for (const [field, value] of Object.entries(onlyValues))
    if (field in json && json[field] !== value)
      throw new CheckpointError(
        `${checkpoint.name}: ${field} is ${JSON.stringify(json[field])}, but only ${value} can be loaded`,
      );
  const activation = activationNames[String(json.activation_fn ?? 'gelu')];
  if (!activation)
    throw new CheckpointError(
      `${checkpoint.name}: activation_fn ${json.activation_fn} is unknown; known are ${Object.keys(activationNames).join(', ')}`,
    );
  const deepNorm = json.deepnorm === true;
  if (deepNorm && json.decoder_normalize_before !== false)
    throw new CheckpointError(`${checkpoint.name}: deepnorm needs decoder_normalize_before false`);
  return resolveRetNetConfig({
    vocabSize: json.vocab_size as number,
    hiddenSize: json.decoder_embed_dim as number,
    valueSize: json.decoder_value_embed_dim as number,
    numLayers: json.decoder_layers as number,
    numHeads: json.decoder_retention_heads as number,
    intermediateSize: json.decoder_ffn_embed_dim as number,
    activation,
    gated: json.use_glu !== false,
    normalization: deepNorm ? 'deepnorm' : 'pre',
    scaleEmbedding: json.no_scale_embedding === false,
    embeddingNorm: json.layernorm_embedding === true,
    tieEmbedding: json.share_decoder_input_output_embed === true,
    normEpsilon: json.layernorm_eps as number | undefined,
    form: json.chunkwise_recurrent === true ? 'chunkwise' : 'parallel',
    chunkSize: json.recurrent_chunk_size as number | undefined,
    dropout: json.dropout as number | undefined,
    decays: await readDecays(checkpoint),
  });
}

/** The decays of the file where they are not torchscale's own: log γ is what it stores. */
async function readDecays(checkpoint: Checkpoint): Promise<number[] | null> {
  if (!checkpoint.tensors.has(decayBuffer)) return null;
  const logDecays = await checkpoint.read(decayBuffer);
  const usual = defaultDecays(logDecays.length).map((γ) => Math.fround(Math.log(γ)));
  return usual.every((value, h) => Math.abs(value - logDecays[h]) < 1e-6) ? null : Array.from(logDecays, Math.exp);
}

function writeConfig(config: RetNetConfig): Record<string, unknown> {
  return {
    model_type: 'retnet',
    vocab_size: config.vocabSize,
    decoder_embed_dim: config.hiddenSize,
    decoder_value_embed_dim: config.valueSize,
    decoder_retention_heads: config.numHeads,
    decoder_ffn_embed_dim: config.intermediateSize,
    decoder_layers: config.numLayers,
    decoder_normalize_before: config.normalization === 'pre',
    deepnorm: config.normalization === 'deepnorm',
    activation_fn: config.activation === 'silu' ? 'swish' : config.activation,
    use_glu: config.gated,
    no_scale_embedding: !config.scaleEmbedding,
    layernorm_embedding: config.embeddingNorm,
    share_decoder_input_output_embed: config.tieEmbedding,
    layernorm_eps: config.normEpsilon,
    chunkwise_recurrent: config.form === 'chunkwise',
    recurrent_chunk_size: config.chunkSize,
    dropout: config.dropout,
  };
}

function tensors(config: RetNetConfig): TensorMapping[] {
  const matrix = (theirs: string, ours: string) => ({
    theirs: `${theirs}.weight`,
    ours: `${ours}/kernel`,
    transpose: true,
  });
  const norm = (theirs: string, ours: string) => ({theirs: `${theirs}.weight`, ours: `${ours}/weight`});
  const bias = (theirs: string, ours: string) => ({theirs: `${theirs}.bias`, ours: `${ours}/bias`});
  const layer = (i: number): TensorMapping[] => {
    const [theirs, ours] = [`layers.${i}`, `block_${i}`];
    const {gated} = config;
    return [
      norm(`${theirs}.retention_layer_norm`, `${ours}/mixer_norm`),
      matrix(`${theirs}.retention.q_proj`, `${ours}/mixer/queries`),
      matrix(`${theirs}.retention.k_proj`, `${ours}/mixer/keys`),
      matrix(`${theirs}.retention.v_proj`, `${ours}/mixer/values`),
      matrix(`${theirs}.retention.g_proj`, `${ours}/mixer/gate`),
      matrix(`${theirs}.retention.out_proj`, `${ours}/mixer/output`),
      norm(`${theirs}.final_layer_norm`, `${ours}/feed_forward_norm`),
      matrix(`${theirs}.ffn.fc1`, `${ours}/feed_forward/up`),
      ...(gated
        ? [matrix(`${theirs}.ffn.gate`, `${ours}/feed_forward/gate`)]
        : [bias(`${theirs}.ffn.fc1`, `${ours}/feed_forward/up`)]),
      matrix(`${theirs}.ffn.fc2`, `${ours}/feed_forward/down`),
      ...(gated ? [] : [bias(`${theirs}.ffn.fc2`, `${ours}/feed_forward/down`)]),
    ];
  };
  return [
    {theirs: 'embed_tokens.weight', ours: 'embedding/table'},
    ...(config.embeddingNorm ? [norm('layernorm_embedding', 'embedding_norm')] : []),
    ...Array.from({length: config.numLayers}, (_, i) => layer(i)).flat(),
    ...(config.normalization === 'pre' ? [norm('layer_norm', 'final_norm')] : []),
    ...(config.tieEmbedding ? [] : [matrix('output_projection', 'head')]),
  ];
}

/** Files of microsoft/torchscale's RetNetDecoder. */
export const torchscale: CheckpointLayout<RetNetConfig> = {
  name: 'torchscale',
  recognizes: ({tensors}) => tensors.has('layers.0.retention.q_proj.weight') && tensors.has('embed_tokens.weight'),
  readConfig,
  writeConfig,
  tensors,
  buffers({numHeads, hiddenSize, decays}) {
    const angle = rotationFrequencies(hiddenSize / numHeads).flatMap((frequency) => [frequency, frequency]);
    const logDecays = (decays ?? defaultDecays(numHeads)).map(Math.log);
    return {
      'retnet_rel_pos.angle': {shape: [angle.length], data: Float32Array.from(angle)},
      [decayBuffer]: {shape: [numHeads], data: Float32Array.from(logDecays)},
    };
  },
};
