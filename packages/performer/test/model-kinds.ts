import * as tf from '@tensorflow/tfjs';
import type {TensorMapping, TokenInput} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  gradientsOf,
  type Kinds,
  loadLayer,
  probedLayer,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {
  type FeatureKind,
  fromPretrained,
  layers,
  type Performer,
  type PerformerEncoderDecoder,
  type PerformerMasked,
} from '../src';
import {kernelOf} from './operator-kinds';

/** The names of an attention layer's weights in its file, and ours. */
function attentionTensors(golden: GoldenCase, name: string, hasDirections: boolean): TensorMapping[] {
  const stored = golden.weights();
  const names = {to_q: 'queries', to_k: 'keys', to_v: 'values', to_out: 'output'};
  return [
    ...Object.entries(names).flatMap(([theirs, ours]) => [
      {theirs: `${theirs}.weight`, ours: `${name}/${ours}/kernel`, transpose: true},
      ...(stored[`${theirs}.bias`] ? [{theirs: `${theirs}.bias`, ours: `${name}/${ours}/bias`}] : []),
    ]),
    ...(hasDirections ? [{theirs: 'fast_attention.projection_matrix', ours: `${name}/projection/matrix`}] : []),
  ];
}

async function attentionLayer(golden: GoldenCase): Promise<Actual> {
  const config = golden.config as Record<string, unknown> & {heads: number; dim_head?: number; local_heads?: number};
  const {heads, dim_head: headSize = 64, local_heads: localHeads = 0} = config;
  const stored = golden.weights();
  const features: FeatureKind = config.no_projection
    ? 'none'
    : config.generalized_attention
      ? kernelOf(config.kernel_fn ?? 'relu')
      : 'softmax';
  const causal = config.causal === true;
  const isCross = golden.has('input.context');
  const hasDirections = features !== 'none' && localHeads < heads;
  const shared = {
    ...{numHeads: heads, headSize, features, localHeads, localWindow: (config.local_window_size as number) ?? 256},
    ...{numFeatures: stored['fast_attention.projection_matrix'].shape[0], padding: 'valueless' as const},
    ...{rotary: golden.has('input.pos_emb'), useBias: 'to_q.bias' in stored, useOutputBias: 'to_out.bias' in stored},
  };
  const x = golden.input('x');
  const make = async (localForm: '1.4' | '1.11', name: string) => {
    const layer = causal
      ? layers.performerSelfAttention({...shared, stabilizer: 'sequence', name})
      : layers.performerAttention({...shared, localForm, name});
    return loadLayer(golden, layer, attentionTensors(golden, name, hasDirections), {
      build: () => layer.apply(isCross ? [x, golden.input('context')] : x),
      ignored: [/inv_freq$/, ...(hasDirections ? [] : [/projection_matrix$/])],
    });
  };
  const loaded = await make('1.4', 'attention');
  const mask = golden.has('input.mask') ? golden.input('mask').toFloat() : undefined;
  const contextMask = golden.has('input.context_mask') ? golden.input('context_mask').toFloat() : undefined;
  const run = (layer: typeof loaded.layer) => (given: {[name: string]: tf.Tensor}) => {
    const inputs = isCross
      ? [given['input.x'], given['input.context'], ...(contextMask ? [contextMask] : [])]
      : given['input.x'];
    return {'output.y': layer.call(inputs, mask ? {attentionMask: mask} : {}) as tf.Tensor};
  };
  const inputs = {'input.x': x, ...(isCross && {'input.context': golden.input('context')})};
  return {
    ...probedLayer(golden, loaded, {inputs, run: run(loaded.layer)}),
    'output.y_local_attention_1_11': async () => {
      const {layer} = await make('1.11', 'newer');
      return run(layer)(inputs)['output.y'];
    },
  };
}

/** The file names all tensors of a net twice; gradients stand under the first names. */
const firstNames = (actual: Actual): Actual =>
  Object.fromEntries(Object.entries(actual).filter(([name]) => !name.includes('proj_updater')));

const largeMask = (mask: tf.Tensor) => mask.toFloat().expandDims(-1);

async function languageModel(golden: GoldenCase): Promise<Actual> {
  return golden.config.causal === true ? causalModel(golden) : maskedModel(golden);
}

async function causalModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const attentionMask = golden.has('input.mask') ? golden.input('mask').toFloat() : undefined;
  const options = {...(attentionMask && {attentionMask})};
  const targets = golden.has('input.targets') ? targetsOf(golden) : undefined;
  const {loss, gradients} = gradientsOf(model, () =>
    targets ? model.loss(tokens, targets, options) : nextTokenLoss(model, tokens, options),
  );
  const strict = async (): Promise<tf.Tensor> => {
    const strictly = await fromPretrained(golden.directory, {config: {stabilizer: 'running', chunkSize: 5}});
    const logits = strictly.logits(tokens);
    for (const sizes of [undefined, piecesOf(tokens.shape[1] as number)])
      await requireAlike(feed(model, tokens, {sizes}), logits, 1e-4);
    strictly.dispose();
    return logits;
  };
  return {
    'output.logits': model.logits(tokens, options),
    'output.encodings': () => model.hidden(tokens, options),
    'output.prefix': () => prefixes(model, tokens),
    'output.running_max': strict,
    loss: loss.as1D(),
    ...firstNames(authorsGradients(model, gradients)),
  };
}

/** The loss of each next token where the model sees all of them, as the stabilizer of the authors' code does. */
function nextTokenLoss(
  model: Performer | PerformerMasked,
  tokens: tf.Tensor,
  options: {attentionMask?: tf.Tensor},
): tf.Scalar {
  const logits = model.logits(tokens, options);
  const time = tokens.shape[1] as number;
  return model.criterion(logits.slice([0, 0, 0], [-1, time - 1, -1]), tokens.slice([0, 1]));
}

/** The last logits of the model on each prefix. */
function prefixes(model: Performer, tokens: tf.Tensor): tf.Tensor {
  const time = tokens.shape[1] as number;
  const last = (t: number) => model.logits(tokens.slice([0, 0], [-1, t + 1])).slice([0, t, 0], [-1, 1, -1]);
  return tf.concat(
    Array.from({length: time}, (_, t) => last(t)),
    1,
  );
}

/** Lengths of pieces that a sequence is cut into: 3, 4, 5, ... */
function piecesOf(time: number): number[] {
  const sizes: number[] = [];
  for (let left = time; left > 0; left -= sizes[sizes.length - 1]) sizes.push(Math.min(left, 3 + sizes.length));
  return sizes;
}

/** Targets, but for those of padding. */
function targetsOf(golden: GoldenCase): TokenInput {
  const targets = golden.input('targets');
  if (!golden.has('input.mask')) return targets as tf.Tensor2D;
  return tf.where(golden.input('mask').toBool(), targets, tf.fill(targets.shape, -100, 'int32')) as tf.Tensor2D;
}

async function maskedModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const load = (config: object = {}) => fromPretrained<PerformerMasked>(golden.directory, {config});
  const model = await load();
  await roundTrip(golden, model, (directory) => fromPretrained<PerformerMasked>(directory));
  const attentionMask = golden.has('input.mask') ? golden.input('mask').toFloat() : undefined;
  const options = {...(attentionMask && {attentionMask})};
  const labels = golden.has('input.targets') ? targetsOf(golden) : undefined;
  const {loss, gradients} = gradientsOf(model, () =>
    labels ? model.loss(tokens, labels, options) : nextTokenLoss(model, tokens, options),
  );
  return {
    'output.logits': model.logits(tokens, options),
    'output.encodings': () => model.encode(tokens, options),
    'output.unpadded': async () => {
      const complete = await load({padding: 'hidden', localForm: 'exact'});
      const logits = complete.logits(tokens, options);
      return attentionMask ? logits.mul(largeMask(attentionMask)) : logits;
    },
    loss: loss.as1D(),
    ...firstNames(authorsGradients(model, gradients)),
  };
}

async function encoderDecoder(golden: GoldenCase): Promise<Actual> {
  const [source, target] = [golden.input('source'), golden.input('target')] as tf.Tensor2D[];
  const load = (directory: string) => fromPretrained<PerformerEncoderDecoder>(directory);
  const model = await load(golden.directory);
  await roundTrip(golden, model, load);
  const attentionMask = golden.has('input.mask') ? golden.input('mask').toFloat() : tf.onesLike(source).toFloat();
  const {loss, gradients} = gradientsOf(model, () => model.loss({source, target}, undefined, {attentionMask}));
  const seen = target.slice([0, 0], [-1, target.shape[1] - 1]);
  return {
    'output.encodings': () => model.encode(source, {attentionMask}),
    'output.logits': model.logits({source, target: seen as tf.Tensor2D}, {attentionMask}),
    loss: loss.as1D(),
    ...firstNames(authorsGradients(model, gradients)),
    // Their encoder has a head, which nothing uses.
    ...Object.fromEntries(
      golden.names(/^grad\.enc\.to_out\./).map((name) => [name, tf.zerosLike(golden.tensor(name))]),
    ),
  };
}

/** How a schedule counts calls in training, and when directions change. */
async function redraw(golden: GoldenCase): Promise<Actual> {
  const {feature_redraw_interval: interval} = golden.config as {feature_redraw_interval: number};
  const {forwards, eval_forwards: others} = golden.config as {forwards: number; eval_forwards: number};
  const attention = layers.performerSelfAttention({numHeads: 2, name: 'drawn'});
  const x = tf.ones([1, 2, 8]);
  attention.apply(x);
  const schedule = layers.projectionSchedule({interval, name: 'schedule'}, () => attention.projections);
  schedule.apply(x);
  const redrawn: number[] = [];
  const calls: number[] = [];
  for (let i = 0; i < forwards + others; i++) {
    const before = attention.projections[0].matrix.dataSync().slice();
    schedule.call(x, {training: i < forwards});
    const after = attention.projections[0].matrix.dataSync();
    redrawn.push(after.some((value, at) => value !== before[at]) ? 1 : 0);
    calls.push(schedule.getWeights()[0].dataSync()[0]);
  }
  return {
    'output.redrawn': tf.tensor1d(redrawn, 'int32'),
    'output.calls_since_last_redraw': tf.tensor1d(calls, 'int32'),
  };
}

/** The kinds of cases of layers and models. */
export const modelKinds: Kinds = {
  'attention-layer': attentionLayer,
  lm: languageModel,
  'encoder-decoder': encoderDecoder,
  redraw,
};
