import * as tf from '@tensorflow/tfjs';
import {type FilteredState, readFields, type StreamState} from '@variants/core';
import {type Actual, type GoldenCase, gradientsOf, probedOperator} from '@variants-tooling/golden';
import {layers} from '../src';
import {fullOperator, standaloneOperator} from '../src/checkpoints/fields';
import {operatorSizes} from '../src/checkpoints/sizes';
import {operatorTensors} from '../src/checkpoints/tensors';
import type {HyenaMixerState} from '../src/hyena-mixer';

type Tensors = {[name: string]: tf.Tensor};
type Operator = ReturnType<typeof layers.hyena>;

/** An operator by its fields and its weights, and how these are named. */
function load(golden: GoldenCase) {
  const weights = golden.weights();
  const {config} = golden;
  const isFull = config.variant === 'full';
  const sizes = operatorSizes((name) => weights[name]?.shape, '', golden.name);
  const json = {layer: config, filter_layout: config.filter_layout};
  const {operatorDropout, ...fields} = readFields(isFull ? fullOperator : standaloneOperator(0), json, golden.name);
  const layer = layers.hyena({
    ...fields,
    ...sizes,
    dropout: operatorDropout,
    numBlocks: isFull ? (config.num_blocks as number | undefined) : 1,
  });
  const hiddenSize = golden.input('x').shape[2] as number;
  layer.apply(tf.input({shape: [null, hiddenSize]}));
  const mappings = operatorTensors({...sizes, hiddenSize}, '', `${layer.name}/`, 'of every sine').filter(
    ({alias}) => !alias,
  );
  const byOurs = new Map(mappings.map((mapping) => [mapping.ours, mapping]));
  const mappingOf = (name: string) => byOurs.get(name) as (typeof mappings)[number];
  layer.setWeights(
    layer.weights.map(({originalName, shape}) => {
      const {theirs, transpose} = mappingOf(originalName);
      const [a, b] = shape as number[];
      return transpose ? weights[theirs].reshape([b, a]).transpose() : weights[theirs].reshape(shape as number[]);
    }),
  );
  const toTheirs = (name: string, ours: tf.Tensor): [string, tf.Tensor] => {
    const {theirs, transpose} = mappingOf(name);
    return [theirs, (transpose ? ours.transpose() : ours).reshape(weights[theirs].shape)];
  };
  return {layer, toTheirs, sizes};
}

/** A stream fed with all positions but the last, then with that one: what it gives, and its state. */
function streamed(layer: Operator, x: tf.Tensor): {output: tf.Tensor; state: StreamState} {
  const time = x.shape[1] as number;
  if (time === 1) return layer.stream(x);
  const [head, last] = tf.split(x, [time - 1, 1], 1);
  const first = layer.stream(head);
  const second = layer.stream(last, first.state);
  return {output: tf.concat([first.output, second.output], 1), state: second.state};
}

/** The state of a stream by the stored names. */
function stored(golden: GoldenCase, {tree}: StreamState, time: number): Tensors {
  const {short, long} = tree as HyenaMixerState;
  const histories = (long as FilteredState[]).map(({convolution: fed}, o) => {
    const name = `state.conv${o}`;
    const inputs = fed.inputs.slice([0, 0, 0], [-1, time, -1]).transpose([0, 2, 1]) as tf.Tensor;
    return [name, golden.has(name) ? inputs.reshape(golden.tensor(name).shape) : inputs];
  });
  return {'state.short': (short as tf.Tensor).transpose([0, 2, 1]), ...Object.fromEntries(histories)};
}

/** One operator: its filters, outputs, gradients and what a stream of it remembers. */
export function operator(golden: GoldenCase): Actual {
  const {layer, toTheirs, sizes} = load(golden);
  const x = golden.input('x');
  // The reference leaves out what is beyond its longest sequence; ours would refuse it.
  const time = Math.min(x.shape[1] as number, sizes.maxSequenceLength);
  const run = (input: tf.Tensor) => layer.apply(input.slice([0, 0, 0], [-1, time, -1])) as tf.Tensor;
  const {gradients} = gradientsOf(layer, () => run(x).mul(golden.tensor('probe')).sum());
  const byWeight = [...gradients].map(([name, gradient]) => toTheirs(name, gradient));
  const filters = layer.longFilters(time, 1).filters.map((filter) => filter.transpose());
  const actual: Actual = {
    ...probedOperator(golden, {
      inputs: {'input.x': x},
      run: (inputs) => ({'output.y': run(inputs['input.x'])}),
      probes: {'output.y': 'probe'},
    }),
    'output.filter': tf.stack(filters),
    ...Object.fromEntries(byWeight.map(([name, gradient]) => [`grad.${name}`, gradient])),
  };
  if (golden.names(/^state\./).length === 0) return actual;
  const {output, state} = streamed(layer, x);
  const states = tf.tidy(() => stored(golden, state, time));
  state.dispose();
  return {...actual, ...states, 'output.y': output};
}
