import * as tf from '@tensorflow/tfjs';
import {mappings} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  loadLayer,
  probedLayer,
  probedOperator,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, layers, type M2Bert, type M2BertClassifier, ops} from '../src';
import {feedForwardTensors, mixerTensors} from '../src/checkpoints/parts';

type Tensors = {[name: string]: tf.Tensor};
type Fields = {[field: string]: never};

const fieldsOf = (golden: GoldenCase) => golden.config as Fields;

/** An operator of the input x and of weights. */
function operator(golden: GoldenCase, run: (x: tf.Tensor, weights: Tensors) => tf.Tensor): Actual {
  const inputs = {'input.x': golden.input('x'), ...golden.weights()};
  return probedOperator(golden, {
    inputs,
    run: ({'input.x': x, ...weights}) => ({'output.y': run(x, weights)}),
    probes: {'output.y': 'probe'},
  });
}

const monarch = (golden: GoldenCase) =>
  operator(golden, (x, {w1_bfly, w2_bfly}) => ops.monarch(x, w1_bfly as tf.Tensor3D, w2_bfly as tf.Tensor3D));

async function blockDiagonalLinear(golden: GoldenCase): Promise<Actual> {
  const {in_features: inputs, out_features: units, bias: useBias, nblocks: numBlocks, shuffle} = fieldsOf(golden);
  const layer = layers.blockDiagonalLinear({name: 'part', units, numBlocks, useBias, shuffle});
  const loaded = await loadLayer(golden, layer, [
    {theirs: 'weight', ours: 'part/kernel'},
    ...(useBias ? [{theirs: 'bias', ours: 'part/bias'}] : []),
  ]);
  const apply = (x: tf.Tensor) => layer.apply(x) as tf.Tensor;
  const dense = apply(tf.eye(inputs))
    .sub(apply(tf.zeros([1, inputs])))
    .transpose();
  return {...probedLayer(golden, loaded), 'output.dense_weight': dense};
}

function causalMonarch(golden: GoldenCase): Actual {
  const basisOf = ({L, R}: Tensors) => ({L: L as tf.Tensor2D, R: R as tf.Tensor3D});
  return {
    ...operator(golden, (x, {k, ...basis}) => ops.causalMonarch(x, k.transpose() as tf.Tensor2D, basisOf(basis))),
    'output.basis': ops.basisMatrix(basisOf(golden.weights())),
  };
}

/** A mixer's options and the shape of its tensors, from the authors' fields. */
function mixerOf(json: Fields, hiddenSize: number, maxSequenceLength: number) {
  return {
    hiddenSize,
    maxSequenceLength,
    bidirectional: json.bidirectional,
    residualConvolution: json.residual_long_conv,
    trainingAdditions: json.hyena_training_additions,
    positionSize: json.hyena_emb_dim,
    filterSize: json.hyena_filter_order,
    frequencyScale: json.hyena_w_mod,
    trainPositions: json.hyena_lr_pos_emb !== 0,
  };
}

/** A buffer of the authors' filters. */
const ignored = [/pos_emb\.t$/];

async function sequenceMixer(golden: GoldenCase): Promise<Actual> {
  const json = fieldsOf(golden);
  const {hiddenSize, ...mixer} = mixerOf(json, json.d_model, json.l_max);
  const layer = layers.sequenceMixer({...mixer, name: 'part'});
  const loaded = await loadLayer(golden, layer, mixerTensors({...mixer, hiddenSize}, '', 'part/'), {ignored});
  const {past, future} = layer.filters(golden.input('x').shape[1] as number);
  return {
    ...probedLayer(golden, loaded),
    'output.filter': past.transpose(),
    ...(future && {'output.filter_rev': future.transpose()}),
  };
}

async function layer(golden: GoldenCase): Promise<Actual> {
  const json = fieldsOf(golden);
  const {hiddenSize, ...mixer} = mixerOf(json, json.hidden_size, json.long_conv_l_max);
  const numBlocks = json.use_monarch_mlp ? json.monarch_mlp_nblocks : 1;
  const whole = layers.m2BertLayer({
    ...mixer,
    ...{name: 'part', numBlocks, gated: json.use_glu_mlp, intermediateSize: json.intermediate_size},
  });
  const tensors = [
    ...mixerTensors({...mixer, hiddenSize}, 'attention.', 'part/mixer/'),
    ...feedForwardTensors(numBlocks, 'mlp.', 'part/feed_forward/'),
    ...mappings.norm('mlp.layernorm', 'part/norm'),
  ];
  return probedLayer(golden, await loadLayer(golden, whole, tensors, {ignored}));
}

async function maskedLM(golden: GoldenCase): Promise<Actual> {
  const [tokens, labels] = ['tokens', 'labels'].map((name) => golden.input(name));
  const model = await fromPretrained<M2Bert>(golden.directory);
  await roundTrip(golden, model, fromPretrained<M2Bert>);
  const options = {tokenTypes: golden.input('token_type_ids'), attentionMask: golden.input('attention_mask')};
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels, options));
  return {
    'output.hidden': model.encode(tokens, options),
    'output.logits': model.logits(tokens, options),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

async function classifier(golden: GoldenCase): Promise<Actual> {
  const [tokens, labels, attentionMask] = ['tokens', 'labels', 'attention_mask'].map((name) => golden.input(name));
  const model = await fromPretrained<M2BertClassifier>(golden.directory);
  await roundTrip(golden, model, fromPretrained<M2BertClassifier>);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens, labels, {attentionMask}));
  return {
    'output.pooled': model.pooled(tokens, {attentionMask}),
    'output.logits': model.logits(tokens, {attentionMask}),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
  };
}

goldenTests(import.meta.url, {
  monarch,
  'block-diagonal-linear': blockDiagonalLinear,
  'causal-monarch': causalMonarch,
  'sequence-mixer': sequenceMixer,
  layer,
  'masked-lm': maskedLM,
  classifier,
});
