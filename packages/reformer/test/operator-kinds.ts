import * as tf from '@tensorflow/tfjs';
import {chunkedAttentionWeights, layerNorm, splitHeads} from '@variants/core';
import {
  type Actual,
  type GoldenCase,
  type Kinds,
  loadLayer,
  probedLayer,
  probedOperator,
} from '@variants-tooling/golden';
import {type BucketCount, layers, ops} from '../src';
import {ReformerBlock} from '../src/block';
import {blockTensors} from '../src/checkpoint';
import {bucketsIn} from '../src/hashing';
import type {ReversibleLayer, Streams} from '../src/reversible';

type Tensors = {[name: string]: tf.Tensor};

/** The case's own configuration. */
interface Config {
  attn_layers: ('local' | 'lsh')[];
  attention_head_size: number;
  num_attention_heads: number;
  num_buckets: BucketCount;
  num_hashes: number;
  is_decoder: boolean;
  hidden_act: 'relu' | 'gelu' | 'gelu_new';
  feed_forward_size: number;
  chunk_size_feed_forward: number;
  layer_norm_eps: number;
  [field: string]: unknown;
}

const configOf = (golden: GoldenCase) => golden.config as unknown as Config;

/** How the attention of a kind cuts a sequence. */
function chunksOf(config: Config, type: 'local' | 'lsh') {
  return {
    chunkLength: config[`${type}_attn_chunk_length`] as number,
    before: config[`${type}_num_chunks_before`] as number,
    after: config[`${type}_num_chunks_after`] as number,
    causal: config.is_decoder,
  };
}

/** Buckets as the authors' code numbers them: those of round r are r strides further; there is one more where something is masked. */
export function numberedByRound(buckets: tf.Tensor, numBuckets: BucketCount, isMasked = false): tf.Tensor {
  const rounds = buckets.shape[2] as number;
  const stride = bucketsIn(numBuckets) + (isMasked ? 1 : 0);
  return buckets.add(tf.range(0, rounds * stride, stride, 'int32').reshape([1, 1, rounds, 1]));
}

const joined = (x: tf.Tensor) => x.transpose([0, 2, 1, 3]).reshape([x.shape[0], x.shape[2] as number, -1]);

/** x Wᵀ in heads. */
const heads = (x: tf.Tensor, weight: tf.Tensor, count: number) => {
  const [batch, time, hidden] = x.shape as number[];
  const product = tf.matMul(x.reshape([-1, hidden]), weight as tf.Tensor2D, false, true);
  return splitHeads(product.reshape([batch, time, -1]), count);
};

const weightsWithout = (golden: GoldenCase, pattern: RegExp): Tensors =>
  Object.fromEntries(Object.entries(golden.weights()).filter(([name]) => !pattern.test(name)));

/** What an operator of one input and some weights is run with. */
function attentionCase(golden: GoldenCase, run: (x: tf.Tensor, weights: Tensors) => tf.Tensor): Actual {
  const weights = weightsWithout(golden, /mask_value/);
  return probedOperator(golden, {
    inputs: {input: golden.input('x'), ...weights},
    run: ({input, ...given}) => ({'output.out': run(input, given)}),
    probes: {'output.out': 'probe'},
  });
}

const maskOf = (golden: GoldenCase) =>
  golden.has('input.attention_mask') ? golden.input('attention_mask') : undefined;

function lshAttention(golden: GoldenCase): Actual {
  const config = configOf(golden);
  const {num_attention_heads: count, num_buckets: numBuckets} = config;
  const mask = maskOf(golden);
  const rotations = golden.has('input.rotations') ? golden.input('rotations') : undefined;
  const chunks = chunksOf(config, 'lsh');
  const attend = (x: tf.Tensor, weights: Tensors) => {
    const u = heads(x, weights['query_key.weight'], count);
    const v = heads(x, weights['value.weight'], count);
    return {u, ...ops.lshAttention(u, v, {...chunks, numBuckets: numBuckets ?? 2, rotations, mask})};
  };
  const {u, buckets, order} = attend(golden.input('x'), golden.weights());
  const time = u.shape[2];
  const sight = order ? chunks : {...chunks, chunkLength: time as number, before: 0, after: 0};
  const {weights, largest, total} = chunkedAttentionWeights(u, ops.unitKeys(u), {
    ...sight,
    order,
    mask,
    selfScore: -1e5,
  });
  const isMasked = mask !== undefined && mask.min().dataSync()[0] === 0;
  const positions: tf.Tensor =
    order ?? tf.range(0, time as number, 1, 'int32').broadcastTo(u.shape.slice(0, 3) as [number, number, number]);
  return {
    ...attentionCase(golden, (x, given) => joined(attend(x, given).output)),
    'output.attention_probs': order ? weights : weights.squeeze([2]),
    'output.logsumexp_sorted': largest.add(total.log()),
    'output.sorted_position': positions.reshape([...u.shape.slice(0, 2), -1]),
    ...(buckets && {'output.buckets': numberedByRound(buckets, numBuckets, isMasked)}),
  };
}

function localAttention(golden: GoldenCase): Actual {
  const config = configOf(golden);
  const mask = maskOf(golden);
  const chunks = chunksOf(config, 'local');
  const project = (x: tf.Tensor, weights: Tensors) =>
    ['query', 'key', 'value'].map((name) => heads(x, weights[`${name}.weight`], config.num_attention_heads));
  const [q, k] = project(golden.input('x'), golden.weights());
  const time = q.shape[2] as number;
  const isWhole = time <= chunks.chunkLength;
  const sight = isWhole ? {...chunks, chunkLength: time, before: 0, after: 0} : chunks;
  const {weights} = chunkedAttentionWeights(q.mul((q.shape[3] as number) ** -0.5), k, {...sight, mask});
  return {
    ...attentionCase(golden, (x, given) => {
      const [q, k, v] = project(x, given);
      return joined(ops.localAttention(q, k, v, {...chunks, mask}));
    }),
    'output.attention_probs': isWhole ? weights.squeeze([2]) : weights,
  };
}

function axialPositions(golden: GoldenCase): Actual {
  const tables = Object.entries(golden.weights());
  const probe = golden.tensor('probe');
  const [batch, count] = probe.shape as number[];
  const of = (given: Tensors, positions: tf.Tensor) =>
    ops.axialPositions(
      tables.map(([name, table]) => given[name].reshape([-1, table.shape[table.rank - 1] as number])),
      positions,
    );
  const all = tf.range(0, count, 1, 'int32').broadcastTo([batch, count]);
  return {
    ...probedOperator(golden, {
      inputs: Object.fromEntries(tables),
      run: (given) => ({'output.full': of(given, all)}),
      probes: {'output.full': 'probe'},
    }),
    'output.some': of(golden.weights(), golden.input('position_ids')),
  };
}

const activationOf = ({hidden_act: name}: Config) => (name === 'gelu_new' ? 'geluTanh' : name);

/** The feed-forward with the norm before it, by its layers. */
async function chunkedFeedForward(golden: GoldenCase): Promise<Actual> {
  const config = configOf(golden);
  const {feed_forward_size: intermediateSize, chunk_size_feed_forward: chunkLength} = config;
  const weights = golden.weights();
  const layer = layers.chunkedFeedForward({
    name: 'ff',
    intermediateSize,
    chunkLength,
    activation: activationOf(config),
  });
  const transposed = (name: string) => weights[`${name}.dense.weight`].transpose();
  layer.build(golden.input('x').shape);
  layer.setWeights([
    transposed('dense'),
    weights['dense.dense.bias'],
    transposed('output'),
    weights['output.dense.bias'],
  ]);
  const names = ['dense.dense.weight', 'dense.dense.bias', 'output.dense.weight', 'output.dense.bias'];
  const run = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
    layer.forward(layerNorm(x, config.layer_norm_eps, {weight, bias}), {training: false});
  const probe = golden.tensor('probe');
  const {grads} = tf.variableGrads(
    () =>
      run(golden.input('x'), weights['layer_norm.weight'], weights['layer_norm.bias']).mul(probe).sum() as tf.Scalar,
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  const own = layer.trainableWeights.map((weight, i) => {
    const gradient = grads[(weight.read() as tf.Variable).name];
    return [`grad.${names[i]}`, names[i].endsWith('weight') ? gradient.transpose() : gradient];
  });
  return {
    ...probedOperator(golden, {
      inputs: {
        input: golden.input('x'),
        'layer_norm.weight': weights['layer_norm.weight'],
        'layer_norm.bias': weights['layer_norm.bias'],
      },
      run: (given) => ({'output.out': run(given.input, given['layer_norm.weight'], given['layer_norm.bias'])}),
      probes: {'output.out': 'probe'},
    }),
    ...Object.fromEntries(own),
  };
}

/** Blocks one behind the other: with tfjs's own gradients, and with those that compute all activations again. */
async function reversibleLayers(golden: GoldenCase): Promise<Actual> {
  const config = configOf(golden);
  const inputs = {x1: golden.input('x1'), x2: golden.input('x2')};
  const blocks = config.attn_layers.map((attentionType) => {
    const {chunkLength, before: chunksBefore, after: chunksAfter, causal} = chunksOf(config, attentionType);
    return new ReformerBlock({
      attentionType,
      ...{chunkLength, chunksBefore, chunksAfter, causal},
      numHeads: config.num_attention_heads,
      headSize: config.attention_head_size,
      ...(attentionType === 'lsh' && {numBuckets: config.num_buckets, numHashes: config.num_hashes}),
      intermediateSize: config.feed_forward_size,
      activation: activationOf(config),
      normEpsilon: config.layer_norm_eps,
    });
  });
  const both = tf.concat([inputs.x1, inputs.x2], -1);
  const tensors = blocks.flatMap((block, i) => {
    block.apply(both);
    return blockTensors(`${i}`, block.name, config.attn_layers[i]);
  });
  const loaded = await loadBlocks(golden, blocks, tensors);
  for (const [i, {attention}] of blocks.entries())
    if ('fixRotations' in attention) attention.fixRotations(golden.input(`rotations.${i}`));
  const branches = (): ReversibleLayer[] => blocks.map((block) => block.branches({training: false}));

  const streams = ops.reversibleForward([inputs.x1, inputs.x2], branches());
  const before: Streams[] = [[inputs.x1, inputs.x2], ...streams];
  const looked = Object.fromEntries(
    blocks.flatMap((block, i) => {
      const buckets = block.bucketsOf(before[i][1], {training: false});
      return [
        [`output.y1.${i}`, streams[i][0]],
        [`output.y2.${i}`, streams[i][1]],
        ...(buckets ? [[`output.buckets.${i}`, numberedByRound(buckets, config.num_buckets)]] : []),
      ];
    }),
  );
  const last = blocks.length - 1;
  const ordinary = probedLayer(golden, loaded, {
    inputs,
    run: ({x1, x2}) => {
      const ends = ops.reversibleForward([x1, x2], branches());
      return {[`output.y1.${last}`]: ends[last][0], [`output.y2.${last}`]: ends[last][1]};
    },
    probes: {[`output.y1.${last}`]: 'probe1', [`output.y2.${last}`]: 'probe2'},
  });
  const recomputed = probedLayer(golden, loaded, {
    inputs,
    run: ({x1, x2}) => {
      const [y1, y2] = tf.split(ops.reversible([x1, x2], branches()), 2, -1);
      return {'reversible.y1': y1, 'reversible.y2': y2};
    },
    probes: {'reversible.y1': 'probe1', 'reversible.y2': 'probe2'},
    prefix: 'reversible.',
  });
  const layersOfCase = branches();
  const {streams: ends, kept} = ops.reversibleSteps([inputs.x1, inputs.x2], layersOfCase);
  const [x1, x2] = ops.reversibleInverse(ends, layersOfCase, kept);
  return {...ordinary, ...looked, ...recomputed, 'reversible.x1': x1, 'reversible.x2': x2};
}

/** The operators' kinds. */
export const operatorKinds: Kinds = {
  'lsh-attention': lshAttention,
  'local-attention': localAttention,
  'axial-positions': axialPositions,
  'chunked-feed-forward': chunkedFeedForward,
  'reversible-layers': reversibleLayers,
};

async function loadBlocks(golden: GoldenCase, blocks: ReformerBlock[], tensors: Parameters<typeof loadLayer>[2]) {
  const ignored = [/mask_value_float/];
  // What `loadLayer` asks of a layer: weights.
  const all = {
    name: 'blocks',
    get weights() {
      return blocks.flatMap(({weights}) => weights);
    },
    get trainableWeights() {
      return blocks.flatMap(({trainableWeights}) => trainableWeights);
    },
  } as unknown as ReformerBlock;
  return loadLayer(golden, all, tensors, {build: () => undefined, ignored});
}
