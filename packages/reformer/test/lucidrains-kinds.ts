import type * as tf from '@tensorflow/tfjs';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  loadLayer,
  probedLayer,
  probedOperator,
  roundTrip,
} from '@variants-tooling/golden';
import {lucidFromPretrained, ops} from '../src';
import {lucidAttentionTensors} from '../src/lucidrains/checkpoint';
import {LucidAttention} from '../src/lucidrains/layer';

/** The library's arguments by their names here, with its defaults. */
const argumentsOf = (golden: GoldenCase) => {
  const {config} = golden;
  const of = <T>(name: string, usual: T) => (config[name] ?? usual) as T;
  return {
    bucketSize: of('bucket_size', 64),
    numHashes: of('n_hashes', 8),
    causal: of('causal', false),
    attendAcrossBuckets: of('attend_across_buckets', true),
    allowDuplicates: of('allow_duplicate_attention', true),
    rehash: of('rehash_each_round', true),
  };
};

function lshAttention(golden: GoldenCase): Actual {
  const {query_len: queryLength} = golden.config as {query_len?: number};
  const mask = golden.has('input.mask') ? golden.input('mask') : undefined;
  const options = {...argumentsOf(golden), rotations: golden.input('rotations'), mask, queryLength};
  const {buckets} = ops.lucidLshAttention(golden.input('qk'), golden.input('v'), options);
  return {
    ...probedOperator(golden, {
      inputs: {'input.qk': golden.input('qk'), 'input.v': golden.input('v')},
      run: (given) => ({'output.out': ops.lucidLshAttention(given['input.qk'], given['input.v'], options).output}),
      probes: {'output.out': 'probe'},
    }),
    'output.buckets': buckets,
    'output.attention': () => ops.lucidAttentionWeights(golden.input('qk'), options),
  };
}

async function selfAttention(golden: GoldenCase): Promise<Actual> {
  const {config} = golden;
  const [dim, numHeads] = [config.dim as number, (config.heads as number | undefined) ?? 8];
  const {numHashes, ...common} = argumentsOf(golden);
  const layer = new LucidAttention({
    name: 'attention',
    ...common,
    numHashes,
    numHeads,
    headSize: (config.dim_head as number | undefined) ?? dim / numHeads,
    oneValueHead: config.one_value_head === true,
    numLocalHeads: (config.n_local_attn_heads as number | undefined) ?? 0,
    numMemories: (config.num_mem_kv as number | undefined) ?? 0,
    fullAttention: config.use_full_attn === true,
    fullThreshold: (config.full_attn_thres as number | undefined) ?? common.bucketSize,
    rotationsPerHead: config.random_rotations_per_head === true,
    rotary: false,
  });
  const tensors = lucidAttentionTensors(
    '',
    'attention',
    golden.config.num_mem_kv !== undefined && golden.config.num_mem_kv !== 0,
  );
  const loaded = await loadLayer(golden, layer, tensors);
  if (golden.has('input.rotations')) layer.fixRotations(golden.input('rotations'));
  const attentionMask = golden.has('input.mask') ? golden.input('mask') : undefined;
  return probedLayer(golden, loaded, {
    inputs: {input: golden.input('x')},
    run: ({input}) => ({'output.out': layer.forward(input, {training: false, attentionMask})}),
    probes: {'output.out': 'probe'},
  });
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens') as tf.Tensor2D;
  const model = await lucidFromPretrained(golden.directory);
  await roundTrip(golden, model, lucidFromPretrained);
  const names = golden.names(/^input\.rotations\.\d+$/);
  model.fixRotations(Object.fromEntries(names.map((name) => [Number(name.split('.')[2]), golden.tensor(name)])));
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  return {'output.logits': model.logits(tokens), loss: loss.as1D(), ...authorsGradients(model, gradients)};
}

/** The kinds of reformer-pytorch. */
export const lucidrainsKinds: Kinds = {
  'lucidrains-lsh': lshAttention,
  'lucidrains-attention': selfAttention,
  'lucidrains-lm': languageModel,
};
