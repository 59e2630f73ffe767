import * as tf from '@tensorflow/tfjs';
import {splitHeads, type TensorMapping, type VariantLayer, withoutPadding} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  type Kinds,
  type LoadedLayer,
  loadLayer,
  probedLayer,
} from '@variants-tooling/golden';
import {type ConformerConfig, layers, ops} from '../src';
import {fairseqBlock} from '../src/checkpoints/fairseq';
import {sooftwareAttention} from '../src/checkpoints/sooftware';
import {attentionTensors, convolutionTensors, espnetAttention} from '../src/checkpoints/tensors';
import {torchaudioConvolution} from '../src/checkpoints/torchaudio';
import {resolveConformerConfig} from '../src/config';

/** Which frames are there, [batch, frames]; nothing where all are. */
function maskOf(golden: GoldenCase, frames: number): tf.Tensor | undefined {
  if (!golden.has('input.lengths')) return undefined;
  return tf.range(0, frames).less(golden.input('lengths').toFloat().expandDims(1)).toFloat();
}

/** What is no trained weight of a model or layer, as it is now, in the authors' names. */
function statisticsOf(loaded: {layer: VariantLayer} & LoadedLayer<object>): Actual {
  const statistics = loaded.layer.nonTrainableWeights;
  const values = new Map(statistics.map((weight): [string, tf.Tensor] => [weight.originalName, weight.read().clone()]));
  return authorsGradients(loaded, values, 'state.after.');
}

/** A layer of one input, run once, and then as often as gradients need it. */
async function wholeLayer(
  golden: GoldenCase,
  layer: VariantLayer,
  tensors: TensorMapping[],
  finish: (y: tf.Tensor) => tf.Tensor = (y) => y,
): Promise<{actual: Actual; loaded: LoadedLayer<object>}> {
  const x = golden.input('input');
  const training = golden.description.training === true;
  const attentionMask = maskOf(golden, x.shape[1] as number);
  const loaded = await loadLayer(golden, layer, tensors, {build: () => layer.apply(x)});
  const run = (given: {[name: string]: tf.Tensor}) => {
    const y = layer.apply(given['input.input'], {training, attentionMask}) as tf.Tensor;
    return {'output.output': finish(y)};
  };
  run({'input.input': x});
  const statistics = statisticsOf(loaded);
  const operator = {inputs: {'input.input': x}, run, probes: {'output.output': 'input.probe'}};
  return {actual: {...probedLayer(golden, loaded, operator), ...statistics}, loaded};
}

type Fields = {[field: string]: number};

async function convolutionModule(golden: GoldenCase): Promise<Actual> {
  const {input_dim: hiddenSize, depthwise_kernel_size: kernelSize} = golden.config as Fields;
  const useBias = golden.config.bias as boolean;
  const norm = golden.config.use_group_norm ? 'group' : 'batch';
  const layer = layers.convolutionModule({
    ...{name: 'module', kernelSize, norm, pointwiseBias: useBias, depthwiseBias: useBias, padding: 'keys'},
  });
  const config = {
    hiddenSize,
    kernelSize,
    convolutionNorm: norm,
    pointwiseBias: useBias,
    depthwiseBias: useBias,
  } as const;
  const tensors = convolutionTensors(config, torchaudioConvolution, '', 'module');
  return (await wholeLayer(golden, layer, tensors)).actual;
}

/** A configuration that names tensors. */
const named = (fields: Partial<ConformerConfig>) => resolveConformerConfig({inputSize: 80, ...fields});

async function relativeAttention(golden: GoldenCase): Promise<Actual> {
  const {n_feat: hiddenSize, n_head: numHeads} = golden.config as Fields;
  const layer = layers.conformerAttention({name: 'attention', numHeads});
  // The layer alone: without its path in a block.
  const tensors = espnetAttention(named({hiddenSize, numHeads}), '', 'attention').map((tensor) => ({
    ...tensor,
    theirs: tensor.theirs.replace(/^self_attn\./, ''),
  }));
  const {actual} = await wholeLayer(golden, layer, tensors);
  const x = golden.input('input');
  const frames = x.shape[1] as number;
  const weights = golden.weights();
  const queries = tf.einsum('bti,oi->bto', x, weights['linear_q.weight']).add(weights['linear_q.bias']);
  const positions = ops.relativePositions(frames, frames, hiddenSize);
  const r = tf.matMul(positions, weights['linear_pos.weight'], false, true).expandDims(0);
  const inHeads = splitHeads(r, numHeads).squeeze([0]);
  return {
    ...actual,
    'output.pos_emb': positions,
    'output.pos_score': ops.relativeScores(splitHeads(queries, numHeads), inHeads, weights.pos_bias_v),
    'output.attention': layer.attentionWeights(x, {training: false, attentionMask: maskOf(golden, frames)}),
  };
}

async function relativeAttentionChunk(golden: GoldenCase): Promise<Actual> {
  const {
    d_model: hiddenSize,
    num_heads: numHeads,
    chunk_size: chunkSize,
    num_left_chunks: left,
  } = golden.config as Fields;
  const leftChunks = left < 0 ? null : left;
  const layer = layers.conformerAttention({name: 'attention', numHeads, chunkSize, leftChunks});
  const tensors = attentionTensors(sooftwareAttention, '')(named({hiddenSize, numHeads}), '', 'attention');
  const frames = golden.input('input').shape[1] as number;
  const mask = maskOf(golden, frames);
  const visible = ops.chunkMask(frames, {chunkSize, leftChunks}).mul(mask ? mask.expandDims(1) : 1);
  const differing = visible.sub(golden.input('mask')).abs().sum().dataSync()[0];
  if (differing > 0) throw new Error(`the mask differs in ${differing} places`);
  return (await wholeLayer(golden, layer, tensors, (y) => withoutPadding(y, mask))).actual;
}

async function relativeBlock(golden: GoldenCase): Promise<Actual> {
  const {embed_dim: hiddenSize, ffn_embed_dim: intermediateSize, attention_heads: numHeads} = golden.config as Fields;
  const kernelSize = golden.config.depthwise_conv_kernel_size as number;
  const options = {
    hiddenSize,
    intermediateSize,
    numHeads,
    kernelSize,
    pointwiseBias: false,
    depthwiseBias: false,
  } as const;
  const layer = layers.conformerBlock({name: 'block', ...options, padding: 'keys'});
  const tensors = fairseqBlock(named(options), '', 'block');
  return (await wholeLayer(golden, layer, tensors)).actual;
}

export const operatorKinds: Kinds = {
  'convolution-module': convolutionModule,
  'relative-attention': relativeAttention,
  'relative-attention-chunk': relativeAttentionChunk,
  'relative-block': relativeBlock,
};
