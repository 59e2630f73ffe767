import * as tf from '@tensorflow/tfjs';
import {mappings, type TensorMapping} from '@variants/core';
import {type Actual, type GoldenCase, type Kinds, loadLayer, probedLayer} from '@variants-tooling/golden';
import {LinformerAttention} from '../src/attention-layer';
import {attentionTensors} from '../src/checkpoints/tatp22';
import {type CompressionSharing, compressionShapes} from '../src/compression-layer';

// biome-ignore lint/suspicious/noExplicitAny: the references' own fields.
type Fields = any;
type Tensors = {[name: string]: tf.Tensor};

const {linear, linears} = mappings;

/** The official attention: compression, then projection. */
async function attention(golden: GoldenCase): Promise<Actual> {
  const {num_heads, compressed, max_seq_len, shared_kv_compressed, shared_layer_kv_compressed, bias} =
    golden.config as Fields;
  const isShared = shared_kv_compressed || shared_layer_kv_compressed;
  const layer = new LinformerAttention({
    numHeads: num_heads,
    maxSequenceLength: max_seq_len,
    compressedLength: Math.floor(max_seq_len / compressed),
    sharing: isShared ? 'kv' : 'headwise',
    compressionBias: shared_layer_kv_compressed ? 'unused' : 'none',
    useBias: bias,
    name: 'attention',
  });
  const compression = (theirs: string, ours: string, alias?: true): TensorMapping[] => [
    {theirs: `${theirs}.weight`, ours: `attention/compression/${ours}`, alias},
    ...(shared_layer_kv_compressed
      ? [{theirs: `${theirs}.bias`, ours: `attention/compression/${ours}_bias`, alias}]
      : []),
  ];
  const projections = {queries: 'q_proj', keys: 'k_proj', values: 'v_proj'};
  const tensors = [
    ...linears('', 'attention', projections, {useBias: bias}),
    ...linear('.out_proj', 'attention/output'),
  ].map((mapping) => ({...mapping, theirs: mapping.theirs.replace(/^\./, '')}));
  const values = shared_layer_kv_compressed
    ? compression('compress_v', 'keys', true)
    : isShared
      ? []
      : compression('compress_v', 'values');
  const loaded = await loadLayer(golden, layer, [...tensors, ...compression('compress_k', 'keys'), ...values]);
  const x = golden.input('x');
  const weights = tf.tidy(() => layer.attentionWeights(x, layer.keysAndValues(x)));
  return {...probedLayer(golden, loaded), 'output.weights': weights};
}

/** lucidrains' attention, to a context too. */
async function lucidrainsAttention(golden: GoldenCase): Promise<Actual> {
  const {dim, seq_len, k = 256, heads = 8, dim_head, one_kv_head = false, share_kv = false} = golden.config as Fields;
  const layer = new LinformerAttention({
    numHeads: heads,
    numKeyValueHeads: one_kv_head ? 1 : heads,
    headSize: dim_head ?? Math.floor(dim / heads),
    maxSequenceLength: seq_len,
    compressedLength: k,
    valuesAreKeys: share_kv,
    useBias: false,
    name: 'attention',
  });
  const projections = {queries: 'to_q', keys: 'to_k', ...(!share_kv && {values: 'to_v'})};
  const tensors = [
    ...Object.entries(projections).flatMap(([our, their]) => linear(their, `attention/${our}`, {useBias: false})),
    ...linear('to_out', 'attention/output'),
    ...(share_kv ? ['keys'] : ['keys', 'values']).map((name) => ({
      theirs: `proj_${name[0]}`,
      ours: `attention/compression/${name}`,
      transpose: true,
    })),
  ];
  const loaded = await loadLayer(golden, layer, tensors);
  const inputs: Tensors = {'input.x': golden.input('x')};
  if (golden.has('input.context')) inputs['input.context'] = golden.input('context');
  const run = (given: Tensors) => ({'output.y': layer.apply(Object.values(given)) as tf.Tensor});
  return probedLayer(golden, loaded, {inputs, run});
}

/** tatp22's attention, a matrix for each head; its causal flag hides slots, each of which still holds all positions. */
async function tatp22Attention(golden: GoldenCase): Promise<Actual> {
  const fields = golden.config as Fields;
  const {input_size, channels, dim_k = 64, nhead = 4, parameter_sharing = 'layerwise', method = 'learnable'} = fields;
  const headSize = fields.dim_d ?? Math.floor(channels / nhead);
  const [sharing, compression] = [
    parameter_sharing as CompressionSharing,
    method === 'convolution' ? ('convolution' as const) : ('linear' as const),
  ];
  const sizes = {maxSequenceLength: input_size, compressedLength: dim_k, headSize};
  const layer = new LinformerAttention({
    ...{numHeads: nhead, ...sizes, sharing, compression, compressionBias: 'added', dropRemainder: true},
    ...{useBias: false, name: 'attention'},
  });
  const shapes = compressionShapes({...sizes, method: compression});
  const tensors = attentionTensors('', 'attention', {numHeads: nhead, headSize, sharing, shapes});
  const loaded = await loadLayer(golden, layer, tensors);
  const mask = golden.has('input.mask') ? golden.input('mask') : undefined;
  const run = (given: Tensors) => {
    const x = given['input.x'];
    const compressed = layer.keysAndValues(x, mask);
    const [time, slots] = [x.shape[1] as number, compressed.keys.shape[2] as number];
    const earlier = fields.causal
      ? tf.linalg.bandPart(tf.ones([time, slots]) as tf.Tensor2D, -1, 0).reshape([1, 1, time, slots])
      : undefined;
    return {'output.y': layer.attend(x, {...compressed, ...(earlier && {mask: earlier})}, {training: false})};
  };
  return probedLayer(golden, loaded, {run});
}

export const operatorKinds: Kinds = {
  attention,
  'lucidrains-attention': lucidrainsAttention,
  'tatp22-attention': tatp22Attention,
};
