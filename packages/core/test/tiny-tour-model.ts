import * as tf from '@tensorflow/tfjs';
import {
  CausalResidualBlock,
  type CheckpointLayout,
  FeedForward,
  LanguageModel,
  type LanguageModelConfig,
  Linear,
  RMSNorm,
  SelfAttention,
  TokenEmbedding,
} from '../src';

interface TourConfig extends LanguageModelConfig {
  hiddenSize: number;
}

class TourBlock extends CausalResidualBlock<object> {
  static readonly className = 'TourBlock';

  protected parts() {
    return {
      mixer: new SelfAttention({numHeads: 2}),
      feedForward: new FeedForward({intermediateSize: 32}),
      norm: () => new RMSNorm(),
    };
  }
}

/** Names of a file are those of the model here; a real layout has its authors'. */
const layout: CheckpointLayout<TourConfig> = {
  name: 'tour',
  recognizes: ({tensors}) => tensors.has('embedding/table'),
  readConfig: ({config}) => config as unknown as TourConfig,
  writeConfig: (config) => ({...config}),
  tensors: (config) => {
    const model = new TourModel(config);
    const names = model.weights.map(({originalName}) => ({theirs: originalName, ours: originalName}));
    model.dispose();
    return names;
  },
};

/** A whole architecture: embedding, one block, head. */
class TourModel extends LanguageModel<TourConfig> {
  static override readonly className = 'TourModel';
  override layout = layout;

  constructor(config: TourConfig) {
    const {vocabSize, hiddenSize} = config;
    const stages = [
      new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}),
      new TourBlock({name: 'block_0'}),
      new Linear({name: 'head', units: vocabSize}),
    ];
    super(config, stages, {name: 'tour'});
  }
}
tf.serialization.registerClass(TourModel);

export const tinyModel = (config: TourConfig) => new TourModel(config);
