import * as tf from '@tensorflow/tfjs';
import {type LanguageModel, layerNorm} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  layerOutputs,
  loadLayer,
  probedLayer,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {type Communicator, fromPretrained, type LongNetEncoder, layers, type Members, ops} from '../src';
import {attentionTensors} from '../src/checkpoint';

/** The fields of an attention case. */
interface AttentionConfig {
  embed_dim: number;
  num_heads: number;
  segment_length: number[];
  dilated_ratio: number[];
  is_causal: boolean;
  subln: boolean;
  xpos_rel_pos: boolean;
  xpos_scale_base?: number;
  layernorm_eps: number;
}

/** A layer of a case, with the case's weights. */
async function load(golden: GoldenCase, differentiateShares: boolean) {
  const config = golden.config as unknown as AttentionConfig;
  const options = {
    name: 'attention',
    numHeads: config.num_heads,
    segmentLengths: config.segment_length,
    dilations: config.dilated_ratio,
    xPos: config.xpos_rel_pos,
    xPosScaleBase: config.xpos_scale_base,
    subLayerNorm: config.subln,
    normEpsilon: config.layernorm_eps,
    differentiateShares,
  };
  const layer = config.is_causal ? layers.causalDilatedAttention(options) : layers.dilatedAttention(options);
  const tensors = attentionTensors('', 'attention', config.subln);
  return loadLayer(golden, layer, tensors, {ignored: [/^xpos\./]});
}

/** Queries, keys and values [batch, time, heads, size] of an attention case. */
function projections(golden: GoldenCase): tf.Tensor[] {
  const {num_heads: numHeads} = golden.config as unknown as AttentionConfig;
  const weights = golden.weights();
  const x = golden.input('x');
  const [batch, time] = x.shape as number[];
  return ['q_proj', 'k_proj', 'v_proj'].map((name) =>
    tf
      .matMul(x.reshape([batch * time, -1]), weights[`${name}.weight`], false, true)
      .add(weights[`${name}.bias`])
      .reshape([batch, time, numHeads, -1]),
  );
}

/** What each pattern alone finds, heads first, -1e8 where a head keeps nothing. */
function branches(golden: GoldenCase): Actual {
  const config = golden.config as unknown as AttentionConfig;
  const [q, k, v] = projections(golden);
  const actual: Actual = {};
  for (const [i, segmentLength] of config.segment_length.entries()) {
    const {output, logSumExp} = ops.dilatedAttention(q, k, v, {
      segmentLengths: [segmentLength],
      dilations: [config.dilated_ratio[i]],
      causal: config.is_causal,
      xPosScaleBase: config.xpos_rel_pos ? config.xpos_scale_base : null,
    });
    actual[`branch.${i}.out`] = output.transpose([0, 2, 1, 3]);
    actual[`branch.${i}.lse`] = logSumExp.transpose([0, 2, 1]).maximum(-1e8);
  }
  return actual;
}

async function attention(golden: GoldenCase): Promise<Actual> {
  const loaded = await load(golden, false);
  const exact = probedLayer(golden, await load(golden, true), {prefix: 'true'});
  const {layer} = loaded;
  if ('stream' in layer) {
    const x = golden.input('x');
    const whole = layer.apply(x) as tf.Tensor;
    const streams = layer as ReturnType<typeof layers.causalDilatedAttention>;
    await requireAlike(feed(streams, x), whole, 1e-5);
    const time = x.shape[1] as number;
    const sizes = [Math.floor(time / 3), 1, time - 1 - Math.floor(time / 3)];
    await requireAlike(feed(streams, x, {sizes}), whole, 1e-5);
  }
  return {...exact, ...probedLayer(golden, loaded), ...branches(golden)};
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  const logits = model.logits(tokens);
  await requireAlike(feed(model as LanguageModel, tokens), logits, 1e-5);
  return {'output.logits': logits, ...inner(model, tokens), loss, ...authorsGradients(model, gradients)};
}

async function encoder(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const load = (source: string) => fromPretrained<LongNetEncoder>(source);
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, golden.input('targets')));
  return {'output.logits': model.logits(tokens), ...inner(model, tokens), loss, ...authorsGradients(model, gradients)};
}

/** The residual stream before the blocks and after each of them. */
function inner(model: LanguageModel | LongNetEncoder, tokens: tf.Tensor): Actual {
  const outputs = [...layerOutputs(model, tokens)];
  const first = outputs.findIndex(([name]) => name.startsWith('block_'));
  const stream = outputs.slice(first - 1).filter(([name], i) => i === 0 || name.startsWith('block_'));
  return Object.fromEntries(stream.map(([, h], i) => [`output.inner${i}`, h]));
}

/**
 * Workers one after the other: what each hands out does not depend on what it gets, so that it is known after a first round, in
 * which they get their own values in place of those of others. Worker threads have a test of their own.
 */
function inTurn(size: number, run: (communicator: Communicator) => tf.Tensor): tf.Tensor[] {
  const handed: Float32Array[][] = Array.from({length: size}, () => []);
  const turn = (rank: number, isKnown: boolean) => {
    let calls = 0;
    const allGather = (values: Float32Array, {first, count}: Members) => {
      handed[rank][calls] = values;
      const gathered = Array.from({length: count}, (_, i) => (isKnown ? handed[first + i][calls] : values));
      calls++;
      return gathered;
    };
    const reduceScatter = () => {
      throw new Error('there is no gradient here');
    };
    return run({rank, size, allGather, reduceScatter});
  };
  for (let rank = 0; rank < size; rank++) turn(rank, false).dispose();
  return Array.from({length: size}, (_, rank) => turn(rank, true));
}

async function sequenceParallel(golden: GoldenCase): Promise<Actual> {
  const config = golden.config as unknown as AttentionConfig & {world_size: number};
  const size = config.world_size;
  const {layer} = await load(golden, false);
  const parts = projections(golden).map((x) => tf.split(x, size, 1));
  const found = inTurn(size, (communicator) => {
    const [q, k, v] = parts.map((ofRanks) => ofRanks[communicator.rank]);
    return ops.parallelDilatedAttention(q, k, v, {
      segmentLengths: config.segment_length,
      dilations: config.dilated_ratio,
      causal: config.is_causal,
      xPosScaleBase: config.xpos_rel_pos ? (config.xpos_scale_base ?? 512) : null,
      communicator,
    }).output;
  });
  const weights = golden.weights();
  const outputs = found.map((heads) => {
    const [batch, time] = heads.shape as number[];
    const joined = heads.reshape([batch * time, -1]);
    const normed = config.subln
      ? layerNorm(joined, config.layernorm_eps, {
          weight: weights['inner_attn_ln.weight'],
          bias: weights['inner_attn_ln.bias'],
        })
      : joined;
    const projected = tf.matMul(normed, weights['out_proj.weight'], false, true).add(weights['out_proj.bias']);
    return projected.reshape([batch, time, -1]);
  });
  return {
    'output.y': layer.apply(golden.input('x')) as tf.Tensor,
    ...Object.fromEntries(outputs.map((output, rank) => [`output.rank${rank}`, output])),
  };
}

goldenTests(import.meta.url, {
  attention,
  lm: languageModel,
  encoder,
  'attention-sequence-parallel': sequenceParallel,
});
