import * as tf from '@tensorflow/tfjs';
import {ShapeError} from '../errors';
import {type ForwardOptions, inference, type VariantLayer} from '../layers/layer';
import {PaddingMask, paddingMask} from '../layers/padding-mask';
import {connectThrough, passThrough, type RunLayer, shortestContext} from './chain';
import {type TokenInput, toTokenTensor} from './token-input';
import {
  type LossOptions,
  type ModelGraph,
  type ModelIdentity,
  type ModelTypes,
  VariantModel,
  type VariantModelConfig,
} from './variant-model';

/** The fields that every encoder's configuration has. */
export interface EncoderConfig extends VariantModelConfig {
  /** Number of different tokens. */
  vocabSize: number;
  /** Kinds of tokens, such as first and second sentence. Default: all are of one kind. */
  typeVocabSize?: number;
  /** The longest sequence. Default: no limit. */
  maxSequenceLength?: number | null;
}

/** The layers of an {@link Encoder}, and which of them are told what is padding. */
export interface EncoderLayers<Head extends VariantLayer = VariantLayer> {
  /** From token ids [batch, time] to vectors [batch, time, hidden], one after the other. */
  backbone: VariantLayer[];
  /** From vectors to the model's output. */
  head: Head;
  /** The id that fills up shorter rows, which the attention mask is made of where none is given. Default: there is none. */
  padToken?: number | null;
  /** Whether the backbone is told what is padding; if not, padding is a token to it. The head always is. Default true. */
  masksBackbone?: boolean;
}

/** What an encoder may be told beside the tokens. */
export interface EncodeOptions extends LossOptions {
  /** The kind of each token, [batch, time]. Default zeros. */
  tokenTypes?: TokenInput;
}

/** What an encoder takes; its targets are its kind's. */
export interface EncoderTypes extends ModelTypes {
  /** Token ids [batch, time]. */
  inputs: TokenInput;
  options: EncodeOptions;
}

/**
 * A model that reads a whole sequence at once: token ids [batch, time] to vectors [batch, time, hidden], and what its head
 * makes of them. Positions that are padding are known by an attention mask [batch, time], the caller's or, where the model
 * has a token for padding, made of that.
 */
export abstract class Encoder<
  Config extends EncoderConfig,
  Types extends EncoderTypes,
  Head extends VariantLayer = VariantLayer,
> extends VariantModel<Config, Types> {
  protected readonly parts: EncoderLayers<Head>;

  /** @param config Complete: every field has its value. Its seed draws the weights, which the layers make here. */
  constructor(config: Config, layers: EncoderLayers<Head>, identity: ModelIdentity) {
    super(config, identity, () => connect(layers));
    this.parts = layers;
  }

  override get contextLength(): number | null {
    return this.config.maxSequenceLength ?? shortestContext(this.parts.backbone);
  }

  forward(tokens: tf.Tensor | tf.Tensor[], options: ForwardOptions, run?: RunLayer): tf.Tensor {
    const {vectors, told} = this.read([tokens].flat()[0], options, run);
    return passThrough([this.parts.head], vectors, told, run).output;
  }

  /** The last layer's output before the head, [batch, time, hidden]. The caller disposes it. */
  encode(tokens: TokenInput, options: Types['options'] = {}): tf.Tensor3D {
    this.requireWeights();
    return tf.tidy(() => this.read(this.inputsOf(tokens), this.runOptions(options)).vectors as tf.Tensor3D);
  }

  /** The vectors of token ids, and what the head is told beside them. Runs inside a `tf.tidy`. */
  protected read(
    tokens: tf.Tensor,
    options: ForwardOptions,
    run?: RunLayer,
  ): {vectors: tf.Tensor; told: ForwardOptions} {
    const {backbone, padToken = null, masksBackbone = true} = this.parts;
    const attentionMask = options.attentionMask ?? (padToken === null ? undefined : paddingMask(tokens, padToken));
    const inside = {...options, attentionMask: masksBackbone ? attentionMask : undefined};
    const {output, carried} = passThrough(backbone, tokens, inside, run);
    return {vectors: output, told: {...options, attentionMask, carried}};
  }

  protected inputsOf(tokens: TokenInput): tf.Tensor2D {
    const ids = toTokenTensor(tokens, `${this.name}: tokens`, this.config.vocabSize);
    const {contextLength} = this;
    if (contextLength !== null && ids.shape[1] > contextLength)
      throw new ShapeError(
        `${this.name}: ${ids.shape[1]} tokens are more than maxSequenceLength ${contextLength}; cut them`,
      );
    return ids;
  }

  protected override runOptions({tokenTypes, ...options}: Types['options']): ForwardOptions {
    if (tokenTypes === undefined) return {...inference, ...options};
    const types = toTokenTensor(tokenTypes, `${this.name}: tokenTypes`, this.config.typeVocabSize ?? 1);
    return {...inference, ...options, carried: {...options.carried, tokenTypes: types}};
  }
}

function connect({backbone, head, padToken = null, masksBackbone = true}: EncoderLayers): ModelGraph {
  const inputs = tf.input({shape: [null], dtype: 'int32', name: 'tokens'});
  if (padToken === null) return {inputs, outputs: connectThrough([...backbone, head], inputs)};
  const mask = new PaddingMask({padToken, name: 'attention_mask'}).apply(inputs) as tf.SymbolicTensor;
  // The first takes ids, of which it sees itself what is padding.
  const isTold = (layer: VariantLayer) => layer === head || (masksBackbone && layer !== backbone[0]);
  const maskOf = (layer: VariantLayer) => (isTold(layer) ? mask : undefined);
  return {inputs, outputs: connectThrough([...backbone, head], inputs, {maskOf})};
}
