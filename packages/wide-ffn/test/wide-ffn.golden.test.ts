import * as tf from '@tensorflow/tfjs';
import {inference, type KeyValueCache} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, type WideFfn} from '../src';

type Tensors = {[name: string]: tf.Tensor};
type BlockState = {self: KeyValueCache; cross: {keys: tf.Tensor; values: tf.Tensor}};

/** x [batch, time, ...] or, by its axis, [batch, ..., time, ...] with zeros where the mask [batch, time] has them. */
function withoutPadding(x: tf.Tensor, mask: tf.Tensor, axis = 1): tf.Tensor {
  const shape = x.shape.map((length, i) => (i === 0 || i === axis ? length : 1)) as number[];
  return x.mul(mask.toFloat().reshape(shape));
}

/** The caches behind a target that was fed token by token. */
function states(
  golden: GoldenCase,
  model: WideFfn,
  source: tf.Tensor,
  target: tf.Tensor,
): {caches: Tensors; logits: tf.Tensor} {
  const time = target.shape[1] as number;
  const present = target.notEqual(model.config.padToken);
  const caches: Tensors = {};
  const logits = feed(model, target, {
    state: model.begin(source),
    look({tree}, fed) {
      if (fed < time || model.config.decoderOnly) return;
      for (let i = 0; i < model.config.numDecoderLayers; i++) {
        const {self, cross} = (tree as {layers: {[layer: string]: BlockState}}).layers[`decoder_${i}`];
        for (const [part, rows] of Object.entries({k: self.keys, v: self.values})) {
          const name = `state.self.${i}.${part}`;
          if (!golden.has(name)) continue;
          // A step of theirs gives padding a position, which nobody sees.
          const stored = golden.tensor(name);
          const ours = rows.slice([0, 0, 0, 0], [-1, -1, time, -1]);
          const there = present.expandDims(1).expandDims(3).broadcastTo(ours.shape);
          caches[name] = tf.where(there, ours, stored);
        }
        Object.assign(caches, {
          [`state.cross.${i}.k`]: cross.keys.clone(),
          [`state.cross.${i}.v`]: cross.values.clone(),
        });
      }
    },
  });
  return {caches, logits};
}

/** The hypotheses of all searches that a case stores, of each sentence alone. */
async function searches(golden: GoldenCase, model: WideFfn, source: tf.Tensor): Promise<Tensors> {
  const rows = source.arraySync() as number[][];
  const found: Tensors = {};
  for (const name of golden.names(/^output\.beam.*_tokens_\d+$/)) {
    const [, beams, lengthPenalty, row] = (/beam(\d+)_lp([\d.]+)_tokens_(\d+)$/.exec(name) as RegExpExecArray).map(
      Number,
    );
    const [hypotheses] = await model.beamSearch(rows[row], {beams, lengthPenalty});
    const longest = Math.max(...hypotheses.map(({tokens}) => tokens.length));
    const padded = hypotheses.map(({tokens}) => [...tokens, ...Array<number>(longest - tokens.length).fill(-1)]);
    found[name] = tf.tensor2d(padded, undefined, 'int32');
    found[name.replace('tokens', 'scores')] = tf.tensor1d(hypotheses.map(({score}) => score));
  }
  return found;
}

/** A search of all sentences at once must find what one of each alone does. */
async function requireSameTogether(model: WideFfn, source: tf.Tensor): Promise<void> {
  const rows = source.arraySync() as number[][];
  const together = await model.beamSearch(rows, {beams: 3});
  for (const [i, row] of rows.entries()) {
    const [alone] = await model.beamSearch(row, {beams: 3});
    const tokens = (hypotheses: typeof alone) => JSON.stringify(hypotheses.map((hypothesis) => hypothesis.tokens));
    if (tokens(alone) !== tokens(together[i])) throw new Error(`sentence ${i} among others is ${tokens(together[i])}`);
  }
}

/** A model loaded from the case: everything that such cases store. */
async function model(golden: GoldenCase): Promise<Actual> {
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const [source, target, labels] = ['src_tokens', 'prev_output_tokens', 'target'].map((name) => golden.input(name));
  const {padToken} = model.config;
  if (model.countParams() !== golden.description.parameters) throw new Error(`${model.countParams()} parameters`);
  const {loss, gradients} = gradientsOf(model, () => model.loss({source, target}, labels));
  const plain = model.loss({source, target}, labels, {labelSmoothing: 0});
  const count = labels.notEqual(padToken).sum();
  const logits = withoutPadding(model.logits({source, target}), target.notEqual(padToken));
  const {caches, logits: streamed} = states(golden, model, source, target);
  await requireAlike(withoutPadding(streamed, target.notEqual(padToken)), logits, 1e-5);
  await requireSameTogether(model, source);
  return {
    'output.encoder_out': withoutPadding(model.encode(source, inference), source.notEqual(padToken)),
    'output.logits': logits,
    'output.loss_sum': loss.mul(count).as1D(),
    'output.nll_sum': plain.mul(count).as1D(),
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
    ...caches,
    ...(await searches(golden, model, source)),
  };
}

goldenTests(import.meta.url, {'encoder-decoder': model, 'decoder-only': model});
