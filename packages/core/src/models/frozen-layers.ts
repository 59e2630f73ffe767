import type * as tf from '@tensorflow/tfjs';
import {type LayerPath, pathsUnder, setTrainable, VariantLayer} from '../layers/layer';

/** Paths of a model's layers, at any depth, whose `trainable` is false: `block_0`, `block_1/mixer`. */
export function frozenLayersOf(model: tf.LayersModel): string[] {
  return variantLayers(model).flatMap((layer) => [
    ...(layer.trainable ? [] : [layer.name]),
    ...layer.frozenBelow.map((path) => `${layer.name}/${path}`),
  ]);
}

/** What a saved configuration says of training. */
interface SavedTrainable {
  /** All layers that are frozen. Missing: those that the configuration makes so. */
  frozenLayers?: unknown;
  /** False where the whole model is frozen. */
  trainable?: unknown;
}

/** Freezes what was frozen when a model was saved, and nothing else. */
export function restoreTrainable(model: tf.LayersModel, {frozenLayers, trainable}: SavedTrainable): void {
  if (Array.isArray(frozenLayers)) {
    const frozen = (frozenLayers as LayerPath[]).map(({name}) => name);
    for (const layer of variantLayers(model)) {
      setTrainable(layer, !frozen.includes(layer.name));
      layer.frozenBelow = pathsUnder(layer.name, frozen);
    }
  }
  if (trainable === false) model.trainable = false;
}

const variantLayers = (model: tf.LayersModel): VariantLayer[] =>
  model.layers.filter((layer) => layer instanceof VariantLayer);
