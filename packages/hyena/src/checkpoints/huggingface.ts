import {type HyenaClassifierConfig, resolveClassifierConfig} from '../classifier-config';
import {type HyenaBackboneConfig, type HyenaConfig, type HyenaOptions, resolveConfig} from '../config';
import {defineLayout} from './define-layout';
import {type AuthorsFields, standaloneOperator} from './fields';
import {linear} from './tensors';

/** Names begin with it. */
const prefix = 'hyena.';

/** The fields of the port; the window and what is trained are the same in all of its models. */
function readBackbone(json: AuthorsFields): Partial<HyenaBackboneConfig> {
  const fields = json as {[field: string]: never};
  return {
    ...standaloneOperator({w: json.activation_freq ?? 10, dropout: json.hyena_dropout, lr_pos_emb: 0}, 0.05),
    // Its blocks have norms of their own.
    normEpsilon: 1e-5,
    finalNormEpsilon: fields.layer_norm_epsilon ?? 1e-5,
    embeddingDropout: fields.embed_dropout ?? 0.1,
    dropout: 0,
  };
}

const writeBackbone = (config: HyenaBackboneConfig): AuthorsFields => ({
  model_type: 'hyenadna',
  vocab_size: config.vocabSize,
  pad_vocab_size_multiple: 1,
  d_model: config.hiddenSize,
  d_inner: config.intermediateSize,
  n_layer: config.numLayers,
  max_seq_len: config.maxSequenceLength,
  hyena_order: config.order,
  filter_order: config.filterSize,
  emb_dim: config.positionSize,
  num_inner_mlps: config.numInnerLayers,
  short_filter_order: config.shortFilterSize,
  activation_freq: config.frequency,
  train_freq: true,
  use_bias: true,
  layer_norm_epsilon: config.finalNormEpsilon,
  embed_dropout: config.embeddingDropout,
  hyena_dropout: config.operatorDropout,
  tie_word_embeddings: false,
});

/** Files of Hugging Face's HyenaDNAForCausalLM (LongSafari/hyenadna-*-hf), whose head is its own. */
export const huggingFace = defineLayout<HyenaConfig>({
  name: 'huggingface',
  recognizes: (_, naming) => naming.prefix === prefix,
  read: (json) => ({...readBackbone(json), tieEmbedding: false}),
  write: (config) => ({...writeBackbone(config), architectures: ['HyenaDNAForCausalLM']}),
  resolve: (options) => resolveConfig(options as HyenaOptions),
  prefix,
  frequencies: 'once',
  head: ({tieEmbedding}) => (tieEmbedding ? [] : linear('lm_head', 'head', false)),
});

/** Files of Hugging Face's HyenaDNAForSequenceClassification, which looks at the position before the first padding. */
export const huggingFaceClassifier = defineLayout<HyenaClassifierConfig>({
  name: 'huggingface-classifier',
  recognizes: ({tensors}, naming) => naming.prefix === prefix && tensors.has('score.weight'),
  read: (json) => ({...readBackbone(json), pooling: 'before-padding', padToken: (json.pad_token_id as number) ?? 4}),
  write: (config) => ({
    ...writeBackbone(config),
    architectures: ['HyenaDNAForSequenceClassification'],
    num_labels: config.numLabels,
    pad_token_id: config.padToken,
  }),
  resolve: (options) => resolveClassifierConfig(options as HyenaClassifierConfig),
  prefix,
  frequencies: 'once',
  head: () => linear('score', 'head/classifier', false),
  headSizes: ({tensors}) => ({numLabels: tensors.get('score.weight')?.shape[0]}),
});
