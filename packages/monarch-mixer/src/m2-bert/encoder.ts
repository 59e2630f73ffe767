import * as tf from '@tensorflow/tfjs';
import {
  type CheckpointLayout,
  compileForIntegers,
  type ForwardOptions,
  type IntegerCompileArgs,
  inference,
  ShapeError,
  type TokenInput,
  toTokenTensor,
  type VariantLayer,
  withInitialization,
} from '@variants/core';
import type {M2BertConfig} from './config';
import {M2BertEmbeddings} from './embeddings';
import {M2BertLayer} from './layer';

/** What an M2-BERT may be told beside the tokens. */
export interface EncodeOptions {
  /** The kind of each token, [batch, time]. Default zeros. */
  tokenTypes?: TokenInput;
  /** [batch, time], 1 = a token, 0 = padding, which 'mean' pooling leaves out. All else mixes padding as tokens. Default ones. */
  attentionMask?: tf.Tensor;
  /** Running as in training: with dropout. Default false. */
  training?: boolean;
}

/**
 * An M2-BERT with a head: token ids [batch, time] to what the head gives. It is a `tf.LayersModel`: `compile`, `fit`,
 * `summary`, `save` and `tf.loadLayersModel` work, with integer targets.
 */
export abstract class M2BertEncoder<
  Config extends M2BertConfig,
  Head extends VariantLayer = VariantLayer,
> extends tf.LayersModel {
  readonly config: Config;
  /** How `saveCheckpoint` names and shapes the weights: as the authors do. */
  abstract layout: CheckpointLayout<Config>;
  protected readonly head: Head;
  private readonly embeddings: M2BertEmbeddings;
  private readonly blocks: M2BertLayer[];

  /** @param makeHead Makes the head; it may be tied to the embeddings. */
  constructor(config: Config, makeHead: (embeddings: M2BertEmbeddings) => Head, name: string) {
    const embeddings = new M2BertEmbeddings({...config, name: 'embeddings'});
    const {filterLength: maxSequenceLength} = config;
    const blocks = Array.from(
      {length: config.numLayers},
      (_, i) => new M2BertLayer({...config, maxSequenceLength, name: `layer_${i}`}),
    );
    const head = makeHead(embeddings);
    super({...withInitialization({seed: config.seed}, () => connect([embeddings, ...blocks, head])), name});
    this.config = config;
    this.embeddings = embeddings;
    this.blocks = blocks;
    this.head = head;
  }

  /** The last layer's output, [batch, time, hidden]. The caller disposes it. */
  encode(tokens: TokenInput, options: EncodeOptions = {}): tf.Tensor3D {
    return tf.tidy(() => {
      const {vocabSize, typeVocabSize, maxSequenceLength} = this.config;
      const ids = toTokenTensor(tokens, `${this.name}: tokens`, vocabSize);
      if (ids.shape[1] > maxSequenceLength)
        throw new ShapeError(
          `${this.name}: ${ids.shape[1]} tokens are more than maxSequenceLength ${maxSequenceLength}; cut them`,
        );
      const types = options.tokenTypes
        ? toTokenTensor(options.tokenTypes, `${this.name}: tokenTypes`, typeVocabSize)
        : null;
      const complete = forwardOptions(options);
      const embedded = this.embeddings.embed(ids, types, complete);
      return this.blocks.reduce((x, layer) => layer.forward(x, complete), embedded) as tf.Tensor3D;
    });
  }

  /** What the head makes of the last layer's output. */
  protected headOf(tokens: TokenInput, options: EncodeOptions): tf.Tensor {
    return tf.tidy(() => this.head.forward(this.encode(tokens, options), forwardOptions(options)));
  }

  /**
   * As in tfjs, with integer targets, -100 where nothing is to be predicted: the loss is the cross entropy unless a
   * function is given, and the metrics 'acc' and 'accuracy' count the right ones.
   */
  override compile(args: IntegerCompileArgs): void {
    const counted = (targets: tf.Tensor) => this.counted(targets);
    compileForIntegers(this, args, (complete) => super.compile(complete), {counted});
  }

  /** Targets in the shape that the logits have without their last axis, from that in which `fit` hands them on. */
  protected counted(targets: tf.Tensor): tf.Tensor {
    return targets;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {...this.config} as unknown as tf.serialization.ConfigDict;
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    {customObjects: _, ...config}: tf.serialization.ConfigDict,
  ): T {
    // tfjs adds its list of further classes to what it read.
    return new cls(config);
  }
}

/** Options as layers take them. */
export const forwardOptions = ({training = false, attentionMask}: EncodeOptions): ForwardOptions => ({
  ...inference,
  training,
  attentionMask,
});

function connect(layers: VariantLayer[]): {inputs: tf.SymbolicTensor; outputs: tf.SymbolicTensor} {
  const inputs = tf.input({shape: [null], dtype: 'int32', name: 'tokens'});
  return {inputs, outputs: layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, inputs)};
}
