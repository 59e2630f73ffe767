import type * as tf from '@tensorflow/tfjs';
import {CausalLayer} from '../layers/causal-layer';
import {DecoderLayer} from '../layers/decoder-layer';
import type {ForwardOptions, VariantLayer} from '../layers/layer';
import type {StateTree} from '../streams/state-tree';
import type {Carried, Passed} from '../streams/stream-state';

/** The longest sequence that all layers can see, or null where there is no limit. */
export function shortestContext(layers: readonly VariantLayer[]): number | null {
  const limits = layers.flatMap((layer) => (layer instanceof CausalLayer && layer.contextLength) || []);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** How a layer of a chain is run; a training loop may put gradient checkpointing around it. */
export type RunLayer = (layer: VariantLayer, x: tf.Tensor, options: ForwardOptions) => Passed;

const plainly: RunLayer = (layer, x, options) => layer.pass(x, options);

/** Runs layers one after the other on x and on what travels beside it. */
export function passThrough(
  layers: readonly VariantLayer[],
  x: tf.Tensor,
  options: ForwardOptions,
  run: RunLayer = plainly,
): {output: tf.Tensor; carried: Carried} {
  let output = x;
  let carried: Carried = options.carried ?? {};
  for (const layer of layers) {
    const passed = run(layer, output, {...options, carried});
    output = passed.output;
    carried = {...carried, ...passed.carried};
  }
  return {output, carried};
}

/** The states of a chain's layers by their names. */
export type ChainState = {[layer: string]: StateTree};

/**
 * {@link passThrough} for the next piece of a stream. Layers that remember nothing see the piece alone.
 * @param before The states that the piece before left, null at the start.
 */
export function advanceThrough(
  layers: readonly VariantLayer[],
  x: tf.Tensor,
  before: ChainState | null,
  options: ForwardOptions,
): {output: tf.Tensor; states: ChainState; carried: Carried} {
  const states: ChainState = {};
  const {output, carried} = passThrough(layers, x, options, (layer, h, at) => {
    if (!(layer instanceof CausalLayer || layer instanceof DecoderLayer)) return layer.pass(h, at);
    const step = layer.advance(h, before?.[layer.name] ?? null, at);
    states[layer.name] = step.state;
    return step;
  });
  return {output, states, carried};
}

/** What is there beside the input of a chain's layers, for tfjs. */
export interface SymbolicSurroundings {
  /** The mask of padding [batch, time] that a layer is told, if any. Default: none. */
  maskOf?(layer: VariantLayer): tf.SymbolicTensor | undefined;
  /** What travels beside x from the start. Default: nothing. */
  carried?: {[name: string]: tf.SymbolicTensor};
}

/** Applies layers one after the other to a symbolic tensor, with what travels beside it, for tfjs. */
export function connectThrough(
  layers: readonly VariantLayer[],
  x: tf.SymbolicTensor,
  surroundings: SymbolicSurroundings = {},
): tf.SymbolicTensor {
  return connectCarrying(layers, x, surroundings).output;
}

/** {@link connectThrough} for layers that others follow: gives also what travels beside x in the end. */
export function connectCarrying(
  layers: readonly VariantLayer[],
  x: tf.SymbolicTensor,
  {maskOf = () => undefined, carried: start = {}}: SymbolicSurroundings,
): {output: tf.SymbolicTensor; carried: {[name: string]: tf.SymbolicTensor}} {
  const carried = new Map(Object.entries(start));
  const output = layers.reduce((h, layer) => {
    const inputs = [h, ...layer.takes.map((name) => carried.get(name)), maskOf(layer)].filter(
      (one) => one !== undefined,
    );
    const [y, ...given] = [layer.apply(inputs.length === 1 ? h : inputs)].flat() as tf.SymbolicTensor[];
    layer.gives.forEach((name, i) => {
      carried.set(name, given[i]);
    });
    return y;
  }, x);
  return {output, carried: Object.fromEntries(carried)};
}
