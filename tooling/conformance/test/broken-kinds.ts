import * as tf from '@tensorflow/tfjs';
import type {ForwardOptions, ModelKind, SequenceToSequence, StateTree, StreamStep, VariantModel} from '@variants/core';
import type {Subject} from '../src';
import {
  type KindParts,
  MeanMixer,
  SumDecoder,
  TinyClassifier,
  TinyImages,
  TinyMasked,
  TinyPairs,
  TinyRecognizer,
} from './tiny-kinds';

const subjectOf = (kind: ModelKind, create: (overrides?: object) => VariantModel): Subject => ({
  name: 'broken',
  kind,
  create,
});

const masked = (parts: KindParts) => subjectOf('masked-language-model', (given = {}) => new TinyMasked(given, parts));
const pairs = (parts: KindParts) => subjectOf('sequence-to-sequence', (given = {}) => new TinyPairs(given, parts));

const recognizer = (parts: KindParts) =>
  subjectOf('speech-recognizer', (given = {}) => new TinyRecognizer(given, parts));

class Blind extends MeanMixer {
  override forward(x: tf.Tensor): tf.Tensor {
    return super.forward(x, {training: false});
  }
}

/** Looks at its own position alone. */
class Solitary extends MeanMixer {
  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const [batch, time, width] = x.shape as number[];
    const mask = options.attentionMask?.reshape([-1, 1]);
    return super.forward(x.reshape([-1, 1, width]), {...options, attentionMask: mask}).reshape([batch, time, width]);
  }
}

class Foresight extends SumDecoder {
  override advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep {
    const {output, state: next} = super.advance(x, state, options);
    return {output: output.add(x.mean(1, true).mul(0.1)), state: next};
  }
}

/** Looks at no memory. */
class Sourceless extends SumDecoder {
  override begin(memory: tf.Tensor): StateTree {
    return super.begin(memory.zerosLike());
  }
}

class Forgetful extends SumDecoder {
  override advance(x: tf.Tensor, state: StateTree, options: ForwardOptions): StreamStep {
    return super.advance(x, {...(state as {memory: tf.Tensor}), sum: null}, options);
  }
}

export const blind = masked({mixer: () => new Blind({})});
export const blindReader = pairs({mixer: () => new Blind({})});
export const deaf = recognizer({mixer: () => new Blind({})});
export const solitary = masked({mixer: () => new Solitary({})});
export const foresight = pairs({decoder: () => new Foresight({})});
export const sourceless = pairs({decoder: () => new Sourceless({})});
export const forgetful = pairs({decoder: () => new Forgetful({})});

/** Has two classes where it should have one. */
export const undecided = subjectOf(
  'sequence-classifier',
  ({numLabels = 3, ...given}: {numLabels?: number} = {}) =>
    new TinyClassifier({...given, numLabels: Math.max(2, numLabels)}),
);

/** Takes whatever it is given for images. */
export const farSighted = subjectOf('image-classifier', (given = {}) => {
  const model = new TinyImages(given);
  model.logits = () => tf.zeros([1, 3]);
  return model;
});

/** Takes whatever it is given for a pair. */
export const credulous = subjectOf('sequence-to-sequence', (given = {}) => {
  const model = new TinyPairs(given);
  model.logits = () => tf.zeros([1, 1, 7]);
  return model;
});

/** Draws where it should take the most probable. */
export const adventurous = subjectOf('sequence-to-sequence', (given = {}) => {
  const model = new TinyPairs(given);
  const generate = model.generate.bind(model) as SequenceToSequence['generate'];
  model.generate = ((source: number[], options: {begin: number}) =>
    generate(source, {...options, temperature: 3})) as SequenceToSequence['generate'];
  return model;
});

/** Says that it is what it is not. */
export const impostor = subjectOf('image-classifier', (given = {}) => new TinyMasked(given));

/** Says of padding what it says of frames. */
export const talkative = subjectOf('speech-recognizer', (given = {}) => {
  const model = new TinyRecognizer(given);
  const forward = model.forward.bind(model);
  model.forward = ([features, lengths], ...rest) =>
    forward([features, tf.fill(lengths.shape, features.shape[1] as number, 'int32')], ...rest);
  return model;
});

/** Takes whatever it is given for utterances. */
export const trusting = subjectOf('speech-recognizer', (given = {}) => {
  const model = new TinyRecognizer(given);
  model.logits = () => tf.zeros([1, 1, 5]);
  return model;
});
