import * as tf from '@tensorflow/tfjs';
import {
  ConfigError,
  type LanguageModel,
  requireGiven,
  requireLanguageModel,
  requireTensors,
  ShapeError,
  shown,
  TransformerBlock,
  type TransformerFields,
  transformerFields,
  withInitialization,
} from '@variants/core';
import {type MultiQueryConfig, type MultiQueryOptions, styles} from './config';
import {MultiQuery, mqa} from './model';

/** Options of {@link meanPoolKeyValueHeads}. */
export interface MeanPoolOptions {
  /** How many heads of keys and of values are left: a divisor of those that the model has. */
  numKeyValueHeads: number;
}

/**
 * Heads of a projection, each the mean of r consecutive ones (Ainslie et al. 2023, section 2.1): head g of the G that are left is
 *
 *     W'_g = 1/r Σ_{h = g r}^{g r + r - 1} W_h
 *
 * @param heads [..., heads · size]: a projection's matrix [inputs, heads · size] or its bias.
 * @param numHeads How many there are.
 * @param numLeft G, how many are left; it divides numHeads.
 * @returns [..., G · size]
 * @throws ConfigError where numLeft does not divide numHeads, ShapeError where numHeads does not divide the last axis.
 */
export function meanPoolHeads(heads: tf.Tensor, numHeads: number, numLeft: number): tf.Tensor {
  requireTensors('meanPoolHeads', {heads});
  if (!divides(numLeft, numHeads))
    throw new ConfigError(
      `meanPoolHeads: numLeft is ${shown(numLeft)}, but must be a whole number that divides numHeads, ${shown(numHeads)}`,
    );
  const size = (heads.shape.at(-1) ?? 0) / numHeads;
  if (!isCount(size))
    throw new ShapeError(
      `meanPoolHeads: the last axis of heads [${heads.shape}] must be a multiple of numHeads, ${numHeads}`,
    );
  return tf.tidy(() => {
    const groups = heads.reshape([-1, numLeft, numHeads / numLeft, size]);
    return groups.mean(2).reshape([...heads.shape.slice(0, -1), numLeft * size]);
  });
}

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;

const divides = (part: number, whole: number) => isCount(part) && isCount(whole) && whole % part === 0;

/**
 * A model with fewer heads of keys and values, each the mean of those whose place it takes (Ainslie et al. 2023, section 2.1);
 * all other weights are copies. It does not compute what the model did: train it on, the paper for 5 % of the steps that the
 * model had. The model stays as it is.
 * @param model Any model of core's Transformer blocks with GPT-2's or LLaMA's parts: `mqa`'s, or `transformer`'s of either
 *   family, from a checkpoint or not.
 * @throws ConfigError when numKeyValueHeads does not divide the model's, or the model has other blocks.
 */
export function meanPoolKeyValueHeads(model: LanguageModel<TransformerFields>, options: MeanPoolOptions): MultiQuery {
  requireLanguageModel('meanPoolKeyValueHeads', model);
  requireGiven('meanPoolKeyValueHeads', options, ['numKeyValueHeads']);
  const {numKeyValueHeads} = options;
  const {numKeyValueHeads: numHeads} = model.config;
  const refuse = (message: string) => new ConfigError(`meanPoolKeyValueHeads: ${message}`);
  if (numHeads === undefined) throw refuse(`the model ${model.name} has no heads of keys and values`);
  if (!divides(numKeyValueHeads, numHeads))
    throw refuse(
      `numKeyValueHeads is ${shown(numKeyValueHeads)}, but must be a whole number that divides the model's ${numHeads}`,
    );
  // Its weights are those of the model, and need no first values.
  const pooled = withInitialization({allocateOnly: true}, () => mqa(pooledOptions(model, numKeyValueHeads)));
  try {
    if (blocksOf(model) !== blocksOf(pooled) || namesOf(model) !== namesOf(pooled))
      throw refuse(`the model ${model.name} has other parts than GPT-2's or LLaMA's, which alone can be made grouped`);
    const sources = new Map(model.weights.map((weight) => [weight.originalName, weight.read()]));
    for (const weight of pooled.weights)
      tf.tidy(() => {
        const source = sources.get(weight.originalName) as tf.Tensor;
        weight.write(pooledWeight(weight.originalName, source, model.config, numKeyValueHeads));
      });
    return pooled;
  } catch (error) {
    pooled.dispose();
    throw error;
  }
}

/** The configuration of a model with fewer heads of keys and values. */
function pooledOptions(model: LanguageModel<TransformerFields>, numKeyValueHeads: number): MultiQueryOptions {
  const {config} = model;
  const isLearned = model.weights.some(({originalName}) => originalName === 'positions/table');
  const family: MultiQueryConfig['family'] = isLearned ? 'gptBigCode' : 'llama';
  const names = Object.keys(transformerFields(styles[family], config)) as (keyof TransformerFields)[];
  const shared = Object.fromEntries(names.map((name) => [name, config[name]]));
  const layout = model instanceof MultiQuery ? model.config.layout : undefined;
  return {...(shared as unknown as TransformerFields), family, layout, numKeyValueHeads};
}

/** What the blocks compute, but for the number of heads of keys and values, whether they are trained or not. */
function blocksOf({layers}: LanguageModel<TransformerFields>): string {
  const blocks = layers.filter((layer) => layer instanceof TransformerBlock).map((layer) => layer.getConfig());
  const isOther = (name: string) => name === 'numKeyValueHeads' || name === 'trainable';
  return JSON.stringify(blocks, (name, value) => (isOther(name) ? undefined : value));
}

const namesOf = ({weights}: LanguageModel<TransformerFields>) => weights.map(({originalName}) => originalName).join();

/** A weight of the model that is made: pooled where it has heads of keys or values. */
function pooledWeight(
  name: string,
  weight: tf.Tensor,
  {numHeads, headSize, numKeyValueHeads: before}: TransformerFields,
  numKeyValueHeads: number,
): tf.Tensor {
  const pool = (heads: tf.Tensor) => meanPoolHeads(heads, before, numKeyValueHeads);
  if (/\/mixer\/(keys|values)\//.test(name)) return pool(weight);
  if (!/\/mixer\/projections\//.test(name)) return weight.clone();
  const [queries, keys, values] = tf.split(
    weight,
    [numHeads, before, before].map((heads) => heads * headSize),
    -1,
  );
  return tf.concat([queries, pool(keys), pool(values)], -1);
}
