import * as tf from '@tensorflow/tfjs';
import {ConfigError} from '../errors';
import {CausalLayer} from '../layers/causal-layer';

/** A block as data: the class that its package registered, and its options. */
export interface BlockDescription {
  className: string;
  config: {[field: string]: unknown};
}

/** Blocks as data, to be saved with a model. */
export function describeBlocks(blocks: readonly (CausalLayer | BlockDescription)[]): BlockDescription[] {
  return blocks.map((block) =>
    block instanceof CausalLayer ? {className: block.getClassName(), config: withoutName(block.getConfig())} : block,
  );
}

/**
 * Fresh blocks of what {@link describeBlocks} gave, named `block_0`, `block_1`, ...
 * @throws ConfigError where a block's class is not known: its package must be imported first.
 */
export function makeBlocks(architecture: string, blocks: readonly BlockDescription[]): CausalLayer[] {
  const {classNameMap} = tf.serialization.SerializationMap.getMap();
  return blocks.map(({className, config}, i) => {
    const registered = classNameMap[className];
    if (!registered)
      throw new ConfigError(
        `${architecture}: block ${i} is a ${className}, which nothing registered; import the package that it comes from`,
      );
    const [cls, fromConfig] = registered;
    const block: unknown = fromConfig(cls, {...(config as tf.serialization.ConfigDict), name: `block_${i}`});
    if (!(block instanceof CausalLayer))
      throw new ConfigError(
        `${architecture}: block ${i} is a ${className}, but must be a causal layer, such as layers.retNetBlock gives`,
      );
    return block;
  });
}

const withoutName = ({name: _, ...config}: tf.serialization.ConfigDict): {[field: string]: unknown} => config;
