import * as tf from '@tensorflow/tfjs';
import {
  CheckpointError,
  type CheckpointSource,
  ConfigError,
  type ForwardOptions,
  inference,
  type LanguageModel,
  Linear,
  type StateTree,
  StreamState,
  type StreamStep,
  TokenEmbedding,
} from '@variants/core';
import type {Subject} from '../src';
import {loadTiny, RunningMean, TinyModel, type TinyParts, tinyFields} from './tiny-model';

/** A subject of models made of these parts. */
const subjectOf = (parts: TinyParts, more: Partial<Subject> = {}): Subject => ({
  name: 'broken',
  create: (overrides) => new TinyModel({...tinyFields, ...overrides}, parts),
  ...more,
});

/** A subject whose models are changed after they were made. */
const changed = (change: (model: TinyModel) => void): Subject => ({
  name: 'broken',
  create: (overrides) => {
    const model = new TinyModel({...tinyFields, ...overrides});
    change(model);
    return model;
  },
});

class Foresight extends RunningMean {
  override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
    return super.forward(x, options).add(x.mean(1, true).mul(0.01));
  }
}

class Forgetful extends RunningMean {
  override advance(x: tf.Tensor, _: StateTree | null, options: ForwardOptions): StreamStep {
    return super.advance(x, null, options);
  }
}

/** Remembers beside the state: correct as long as one stream follows the other. */
class Secretive extends RunningMean {
  private pieces = 0;
  override advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    this.pieces = state ? this.pieces + 1 : 0;
    const {output, state: next} = super.advance(x, state, options);
    return {output: output.add(Math.max(0, this.pieces - 1)), state: next};
  }
}

/** Counts in the state with a number, which a recording cannot change. */
class Numbered extends RunningMean {
  override advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const before = state as {inner: StateTree; count: number} | null;
    const {output, state: inner} = super.advance(x, before?.inner ?? null, options);
    return {output, state: {inner, count: (before?.count ?? 0) + 1}};
  }
}

/** Computes something else when it finds itself on another engine. */
class Homesick extends RunningMean {
  private engine = '';
  override advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const isAbroad = state !== null && this.engine !== tf.getBackend();
    this.engine = tf.getBackend();
    const {output, state: next} = super.advance(x, state, options);
    return {output: output.add(isAbroad ? 1 : 0), state: next};
  }
}

/** Computes something else on tfjs's own engine. */
class Partisan extends Linear {
  override forward(x: tf.Tensor): tf.Tensor {
    return super.forward(x).add(tf.getBackend() === 'cpu' ? 1 : 0);
  }
}

class Sociable extends RunningMean {
  override advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const {output, state: next} = super.advance(x, state, options);
    return {output: output.add(output.mean(0, true).mul(0.01)), state: next};
  }
}

/** Takes padding for tokens. */
class Untold extends RunningMean {
  override advance(x: tf.Tensor, state: StateTree | null): StreamStep {
    return super.advance(x, state, inference);
  }
}

class Hoarder extends RunningMean {
  override advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const advanced = super.advance(x, state, options);
    tf.keep(advanced.output.clone());
    return advanced;
  }
}

class Overflowing extends RunningMean {
  override advance(x: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    const {output, state: next} = super.advance(x, state, options);
    return {output: output.mul(1e30).mul(1e30), state: next};
  }
}

class Idle extends Linear {
  override build(inputShape: tf.Shape): void {
    super.build(inputShape);
    this.weight('idle', [3], (shape) => new Float32Array(shape[0]).fill(1));
  }
}

class Twofold extends Linear {
  override build(inputShape: tf.Shape): void {
    super.build(inputShape);
    for (const weight of this.trainableWeights) (weight as {originalName: string}).originalName = 'head/kernel';
  }
}

class Numb extends Linear {
  override forward(x: tf.Tensor): tf.Tensor {
    return super.forward(x).mul(1e-4);
  }
}

/** As a tf.layers.Layer it computes something else than in our own forward pass. */
class TwoFaced extends Linear {
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs?: Partial<ForwardOptions>): tf.Tensor {
    return tf.tidy(() => (super.call(inputs, kwargs) as tf.Tensor).mul(1.5));
  }
}

const mixer = (Mixer: typeof RunningMean) => ({mixer: () => new Mixer({})});
const head = (Head: typeof Linear) => ({
  head: ({vocabSize}: {vocabSize: number}) => new Head({name: 'head', units: vocabSize}),
});
const embedding = (draw: () => number): TinyParts => ({
  embedding: ({vocabSize, hiddenSize}) =>
    new TokenEmbedding({name: 'embedding', vocabSize, hiddenSize}, (shape) =>
      Float32Array.from({length: shape[0] * shape[1]}, draw),
    ),
});

export const foresight = subjectOf(mixer(Foresight));
export const forgetful = subjectOf(mixer(Forgetful));
export const numbered = subjectOf(mixer(Numbered));
export const secretive = subjectOf(mixer(Secretive));
export const homesick = subjectOf(mixer(Homesick));
export const partisan = subjectOf(head(Partisan));
export const sociable = subjectOf(mixer(Sociable));
export const untold = subjectOf(mixer(Untold));
export const hoarder = subjectOf(mixer(Hoarder));
export const overflowing = subjectOf(mixer(Overflowing));
export const idle = subjectOf(head(Idle));
export const twofold = subjectOf(head(Twofold));
export const numb = subjectOf(head(Numb));
export const twoFaced = subjectOf(head(TwoFaced));
export const unseeded = subjectOf(embedding(Math.random));

/** Takes a seed and does not use it. */
export const oneSeed: Subject = {
  name: 'broken',
  create: (overrides) => new TinyModel({...tinyFields, ...overrides, seed: 3}),
};

/** Does not tell which of its layers it has: what is made again is another model. */
export const reticent = changed((model) => {
  const {getConfig} = model;
  model.getConfig = () => ({...getConfig.call(model), gain: 1.25});
});

/** Loads all but the last weight. */
export const careless: Subject = {
  ...subjectOf({}),
  fromPretrained: async (source: CheckpointSource) => {
    const model = await loadTiny(source);
    tf.tidy(() => {
      const last = model.weights[model.weights.length - 1];
      last.write(tf.zeros(last.shape as number[]));
    });
    return model;
  },
};

const failing = (error: () => Error, refuses: (overrides: {[field: string]: unknown}) => boolean): Subject => ({
  name: 'broken',
  create: (overrides = {}) => {
    try {
      return new TinyModel({...tinyFields, ...overrides});
    } catch (cause) {
      throw refuses(overrides) ? error() : cause;
    }
  },
});

const hasUnknown = (overrides: object) => 'noSuchField' in overrides;
export const silent = failing(() => new ConfigError('something is wrong'), hasUnknown);
export const talkative = failing(() => new ConfigError('noSuchField is unknown\nand so on'), hasUnknown);
export const plain = failing(() => new TypeError('noSuchField is unknown'), hasUnknown);
export const mistaken = failing(() => new CheckpointError('noSuchField is unknown'), hasUnknown);

/** Accepts every field. */
export const lenient: Subject = {
  name: 'broken',
  create: ({noSuchField: _, ...overrides} = {}) => new TinyModel({...tinyFields, ...overrides}),
};

/** Takes whatever it is given for tokens. */
export const gullible = changed((model) => {
  model.logits = (tokens) => tf.zeros([1, 1, tokens instanceof tf.Tensor ? 1 : 9]);
});

/** Sets the generator's seed aside. */
export const moody = changed((model) => {
  const generate = model.generate.bind(model) as LanguageModel['generate'];
  model.generate = ((prompt: number[], options: object) =>
    generate(prompt, {...options, seed: Math.floor(1e6 * Math.random())})) as LanguageModel['generate'];
});

/** Draws where it should take the most probable. */
export const adventurous = changed((model) => {
  const generate = model.generate.bind(model) as LanguageModel['generate'];
  model.generate = ((prompt: number[], options: object) =>
    generate(prompt, {...options, temperature: 3})) as LanguageModel['generate'];
});

/** Keeps a table when it is disposed of. */
export const clinging = changed((model) => {
  tf.keep(tf.zeros([2]));
  model.name = 'clinging';
});

/** Frees what it holds when all went well. */
export const careful = changed((model) => {
  const logits = model.logits.bind(model);
  model.logits = (tokens) => {
    const held = tf.keep(tf.zeros([2]));
    const result = logits(tokens);
    held.dispose();
    return result;
  };
});

/** Sees only when it is there that it is too large. */
export const impulsive: Subject = {
  name: 'broken',
  create: (overrides) => {
    tf.zeros([1]).dispose();
    return new TinyModel({...tinyFields, ...overrides});
  },
};

/** Says that its context ends, and goes on. */
export const boundless = changed((model) => {
  const limit = (value: number | null) => Object.defineProperty(model, 'contextLength', {value, configurable: true});
  const stream = model.stream.bind(model);
  model.stream = (...args) => {
    limit(null);
    try {
      return stream(...args);
    } finally {
      limit(5);
    }
  };
  limit(5);
});

/** Trains its own way. */
export const unmoved = changed((model) => {
  const compile = model.compile.bind(model);
  model.compile = (args) => compile({...args, optimizer: tf.train.sgd(0)});
});

/** Works on a copy of the state that it is given. */
export const sparing = changed((model) => {
  const stream = model.stream.bind(model);
  model.stream = (tokens, state, options) => stream(tokens, state?.clone(), options);
});

/** Tells nobody what is frozen. */
export const thawing = changed((model) => {
  model.getConfig = () => ({...model.config}) as unknown as tf.serialization.ConfigDict;
});

/** Takes any state for its own. */
export const obliging = changed((model) => {
  const stream = model.stream.bind(model);
  model.stream = (tokens, state, options) =>
    stream(tokens, state && new StreamState(state.tree, state.length, model.stateOrigin), options);
});

/** Takes the states of no other instance. */
export const jealous = changed((model) => {
  const {architecture, fields} = model.stateOrigin;
  const own = {architecture, fields: {...fields, born: performance.now()}};
  Object.defineProperty(model, 'stateOrigin', {value: own});
});

/** Has no ear for options. */
export const stubborn = changed((model) => {
  const stream = model.stream.bind(model);
  model.stream = (tokens, state) => stream(tokens, state);
});

/** Reads typed arrays backwards. */
export const leftHanded = changed((model) => {
  const logits = model.logits.bind(model);
  model.logits = (tokens) => logits(tokens instanceof Int32Array ? tokens.slice().reverse() : tokens);
});

/** Is modest about its size. */
export const modest = changed((model) => {
  model.countParams = () => 1;
});
