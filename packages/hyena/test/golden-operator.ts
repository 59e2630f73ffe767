import * as tf from '@tensorflow/tfjs';
import {type FilteredState, readFields, type StreamState} from '@variants/core';
import {type Actual, feed, type GoldenCase, loadLayer, probedLayer} from '@variants-tooling/golden';
import {layers} from '../src';
import {fullOperator, standaloneOperator} from '../src/checkpoints/fields';
import {operatorSizes} from '../src/checkpoints/sizes';
import {operatorTensors} from '../src/checkpoints/tensors';
import type {HyenaMixerState} from '../src/hyena-mixer';

type Tensors = {[name: string]: tf.Tensor};

/** An operator by its fields and its weights. */
async function load(golden: GoldenCase) {
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
  const tensors = operatorTensors({...sizes, hiddenSize}, '', `${layer.name}/`, 'of every sine');
  const build = () => layer.apply(tf.input({shape: [null, hiddenSize]}));
  return {layer, sizes, loaded: await loadLayer(golden, layer, tensors, {build, ignored: [/pos_emb\.t$/]})};
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
export async function operator(golden: GoldenCase): Promise<Actual> {
  const {layer, sizes, loaded} = await load(golden);
  const x = golden.input('x');
  // The reference leaves out what is beyond its longest sequence; ours would refuse it.
  const length = x.shape[1] as number;
  const time = Math.min(length, sizes.maxSequenceLength);
  const seen = (input: tf.Tensor) => input.slice([0, 0, 0], [-1, time, -1]);
  const filters = layer.longFilters(time, 1).filters.map((filter) => filter.transpose());
  const actual: Actual = {
    ...probedLayer(golden, loaded, {
      run: (inputs) => ({'output.y': layer.apply(seen(inputs['input.x'])) as tf.Tensor}),
    }),
    'output.filter': tf.stack(filters),
  };
  if (golden.names(/^state\./).length === 0) return actual;
  const states: Tensors = {};
  const streamed = feed(layer, x, {
    sizes: length === 1 ? [1] : [length - 1, 1],
    look(state, fed) {
      if (fed === length)
        Object.assign(
          states,
          tf.tidy(() => stored(golden, state, time)),
        );
    },
  });
  return {...actual, ...states, 'output.y': streamed};
}
