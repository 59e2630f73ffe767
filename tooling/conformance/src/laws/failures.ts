import * as tf from '@tensorflow/tfjs';
import {
  checkpointFiles,
  EngineError,
  type LanguageModel,
  Random,
  type SequenceToSequence,
  type VariantModel,
} from '@variants/core';
import {assert, assertRefuses, assertSame} from '../assert';
import {asGiven, outputsOf, twoExamples} from '../examples';
import {randomTokens, withModel} from '../models';
import type {Law, Subject} from '../subject';

/** The engine's memory, as far as this law goes. */
interface Memory {
  readonly usedBytes: number;
  allocate(bytes: number, owner?: object): number;
}

/** What it gives, of which every run gives the same. */
type Activity = () => ArrayLike<number> | Promise<ArrayLike<number>>;

/** How often each activity is made to fail, at other places each time. */
const FAILURES = 2;

const engineMemory = () => (tf.backend() as unknown as {memoryBlocks: Memory}).memoryBlocks;

/** Runs something while the engine's allocations from number `first` on fail; tells how many there were. */
async function failingFrom(first: number, run: Activity): Promise<{result?: ArrayLike<number>; count: number}> {
  const memory = engineMemory();
  const {allocate} = memory;
  let count = 0;
  memory.allocate = (...given) => {
    if (count++ >= first) throw new EngineError('simd: no memory, for a test');
    return allocate.apply(memory, given);
  };
  try {
    return {result: await run(), count};
  } catch (error) {
    assert(error instanceof EngineError, `with its memory full it throws "${error}", which is no EngineError`);
    return {count};
  } finally {
    memory.allocate = allocate;
  }
}

/** Tensors and bytes that are there. */
const inUse = () => ({tensors: tf.memory().numTensors, bytes: engineMemory().usedBytes});

/** Makes allocations fail at random places. */
async function check(what: string, run: Activity, random: Random): Promise<void> {
  // Twice, for what is made at the first call and kept: tables, a recorded step.
  await run();
  const expected = await run();
  const {count} = await failingFrom(Number.POSITIVE_INFINITY, run);
  const before = inUse();
  for (let i = 0; i < FAILURES; i++) {
    const first = random.below(count);
    const place = `${what}, failing at ${first} of ${count} allocations`;
    const {result} = await failingFrom(first, run);
    assert(result === undefined, `${place}, gives a result nevertheless`);
    const {tensors, bytes} = inUse();
    assert(tensors === before.tensors, `${place}, leaves ${tensors - before.tensors} tensors`);
    // It may have let go of a recorded step.
    assert(bytes <= before.bytes, `${place}, leaves ${bytes - before.bytes} bytes`);
    assertSame(await run(), expected, `${place}, and run again`);
  }
  await run();
  const more = inUse().bytes - before.bytes;
  assert(more === 0, `${what}, run again after failures, leaves ${more} bytes`);
}

function gradientsOf(model: VariantModel, inputs: tf.Tensor | tf.Tensor[], targets: tf.Tensor): ArrayLike<number> {
  return tf.tidy(() => {
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const {value, grads} = tf.variableGrads(() => model.loss(asGiven(model, inputs), targets as never), variables);
    return [value, ...Object.values(grads)].map((tensor) => tensor.sum().dataSync()[0]);
  });
}

/** A piece, and steps of one token: the first as it comes, the next one recorded, then taken again. */
function streamed(model: LanguageModel): ArrayLike<number> {
  const [tokens] = randomTokens(model, 1, Math.min(5, model.contextLength ?? 5), 5);
  let {logits, state} = model.stream(tokens.slice(0, 1));
  try {
    for (const token of tokens.slice(1)) {
      logits.dispose();
      ({logits, state} = model.stream([token], state));
    }
    return logits.dataSync().slice();
  } finally {
    tf.dispose(logits);
    state.dispose();
  }
}

function streamedTarget(model: SequenceToSequence, inputs: tf.Tensor[]): ArrayLike<number> {
  const [source, target] = inputs as tf.Tensor2D[];
  const begun = model.begin(source);
  try {
    const {logits, state} = model.stream(target, begun);
    state.dispose();
    const values = logits.dataSync().slice();
    logits.dispose();
    return values;
  } finally {
    begun.dispose();
  }
}

function streamsOf(model: VariantModel, inputs: tf.Tensor | tf.Tensor[]): {[what: string]: Activity} {
  if (model.kind === 'sequence-to-sequence')
    return {'a stream': () => streamedTarget(model as unknown as SequenceToSequence, inputs as tf.Tensor[])};
  if (model.kind !== 'language-model') return {};
  const languageModel = model as unknown as LanguageModel;
  return {'a stream': () => streamed(languageModel), 'a generation': () => generated(languageModel)};
}

async function generated(model: LanguageModel): Promise<ArrayLike<number>> {
  const tokens: number[] = [];
  for await (const token of model.generate([0, 1], {maxTokens: 3, seed: 1})) tokens.push(token);
  return tokens;
}

/** Makes or loads a model, and frees it. */
async function made(create: () => VariantModel | Promise<VariantModel>): Promise<ArrayLike<number>> {
  const model = await create();
  try {
    return tf.tidy(() => model.weights.map((weight) => weight.read().sum().dataSync()[0]));
  } finally {
    model.dispose();
  }
}

/** Fields that make a model of any size. */
const fieldsOfSize = ({kind = 'language-model'}: Subject): string[] =>
  ({'image-classifier': ['numClasses'], 'sequence-to-sequence': ['sourceVocabSize', 'targetVocabSize']})[
    kind as string
  ] ?? ['vocabSize'];

/** What the engine cannot hold takes neither time nor memory. */
export const tooLarge: Law = {
  name: 'is refused at once where the engine cannot hold its weights',
  check: async (subject) => {
    const before = tf.getBackend();
    await tf.setBackend('simd');
    try {
      const {numTensors} = tf.memory();
      const huge = Object.fromEntries(fieldsOfSize(subject).map((field) => [field, 2 ** 28]));
      const create = () => subject.create(huge);
      const refused = () => assertRefuses(create, EngineError, /weights of 4 bytes take .* GiB/, 'too large a model');
      const {count} = await failingFrom(Number.POSITIVE_INFINITY, () => [Number(refused())]);
      assert(count === 0, `a model that is too large takes memory ${count} times before it is refused`);
      const left = tf.memory().numTensors - numTensors;
      assert(left === 0, `a model that is too large leaves ${left} tensors`);
    } finally {
      await tf.setBackend(before);
    }
  },
};

/** Loads what the model saves, where the subject can. */
async function loading({fromPretrained}: Subject, model: VariantModel) {
  if (!fromPretrained) return undefined;
  const files = await checkpointFiles(model);
  const source = {config: JSON.parse(files['config.json']), weights: files['model.safetensors']};
  return () => fromPretrained(source);
}

/** A model without memory for what it does says so, and is afterwards what it was before. */
export const failures: Law = {
  name: 'leaves nothing behind when memory is short, and goes on as if nothing had been',
  check: async (subject) => {
    const before = tf.getBackend();
    await tf.setBackend('simd');
    try {
      await withModel(subject, async (model) => {
        const {inputs, targets} = twoExamples(subject, model);
        const load = await loading(subject, model);
        const activities: {[what: string]: Activity} = {
          'a new model': () => made(() => subject.create()),
          ...(load && {loading: () => made(load)}),
          outputs: () => outputsOf(model, inputs),
          gradients: () => gradientsOf(model, inputs, targets),
          ...streamsOf(model, inputs),
        };
        const random = new Random(1, subject.name);
        for (const [what, run] of Object.entries(activities)) await check(what, run, random);
        tf.dispose([inputs, targets]);
      });
    } finally {
      await tf.setBackend(before);
    }
  },
};
