import * as tf from '@tensorflow/tfjs';
import {
  DataError,
  type LanguageModel,
  readSafetensors,
  type SequenceToSequence,
  StreamState,
  type VariantModel,
  writeSafetensors,
} from '@variants/core';
import {assert, assertRefuses, assertSame} from '../assert';
import {withFreshModel} from '../models';
import type {Law, Subject} from '../subject';

type Streaming = LanguageModel | SequenceToSequence;

/** The state of a stream that was fed one token. */
function begun(model: Streaming): StreamState {
  const {logits, state} =
    model.kind === 'language-model'
      ? (model as LanguageModel).stream([1])
      : model.stream([1], (model as SequenceToSequence).begin([1, 2]));
  logits.dispose();
  return state;
}

/** The same bytes without what an older version did not write. */
function withoutOrigin(bytes: Uint8Array): Uint8Array {
  const {tensors, metadata} = readSafetensors(bytes);
  const {stream_origin: _, ...older} = metadata;
  const plain = Object.entries(tensors).map(([name, {shape, data}]) => [name, {shape: [...shape], data}]);
  return writeSafetensors(Object.fromEntries(plain), older);
}

/** Other sizes of a model: a layer more, and twice its width. */
function otherSizes({config}: VariantModel): {[field: string]: number}[] {
  const sizes = config as unknown as {[field: string]: unknown};
  const more = (field: string, change: (value: number) => number) =>
    typeof sizes[field] === 'number' ? [{[field]: change(sizes[field])}] : [];
  const oneMore = (n: number) => n + 1;
  const found = [
    ...more('numLayers', oneMore),
    ...more('numDecoderLayers', oneMore),
    ...more('hiddenSize', (n) => 2 * n),
    ...more('vocabSize', oneMore),
  ];
  // Which may have to be that of the source.
  return found.length > 0 ? found : more('targetVocabSize', oneMore);
}

/** Whether a model says, of every way to use it, that a state is not its own. */
function refuses(model: Streaming, state: StreamState, says: RegExp, what: string): void {
  assertRefuses(() => model.stream([1], state), DataError, says, `stream, ${what}`);
  assertRefuses(() => model.nextLogits(state), DataError, says, `nextLogits, ${what}`);
}

/** A state of another model is refused by name, as it is and after it was saved. */
export const foreignStates: Law = {
  name: 'refuses the state of a model of other sizes, naming both, saved or not',
  kinds: ['language-model', 'sequence-to-sequence'],
  check: (subject) =>
    withFreshModel(subject, async (model: Streaming) => {
      const sizes = otherSizes(model);
      assert(sizes.length > 0, 'no size of the configuration is known');
      for (const overrides of sizes) {
        const [[field, value]] = Object.entries(overrides);
        const own = (model.config as unknown as {[field: string]: number})[field];
        const both = new RegExp(`not of this model: .*\\b${field} ${value}\\b.*\\b${field} ${own}\\b`);
        const state = await stateOf(subject, overrides);
        refuses(model, state, both, `${field} ${value} instead of ${own}`);
        const bytes = await state.toBytes();
        const again = StreamState.fromBytes(bytes);
        refuses(model, again, both, `${field} ${value} from bytes`);
        if (model.kind === 'language-model') await refusesToGenerate(model as LanguageModel, again, both);
        const old = StreamState.fromBytes(withoutOrigin(bytes));
        refuses(model, old, /not of this model: it does not say what made it, and this is \w/, 'bytes that do not say');
        for (const each of [state, again, old]) each.dispose();
      }
    }),
};

const stateOf = (subject: Subject, overrides: object) =>
  withFreshModel(subject, (model: Streaming) => begun(model), overrides as {[field: string]: unknown});

async function refusesToGenerate(model: LanguageModel, state: StreamState, says: RegExp): Promise<void> {
  for (const prompt of [[1], []])
    try {
      for await (const token of model.generate(prompt, {state, maxTokens: 1}))
        assert(false, `generate takes the state and gives ${token}`);
    } catch (error) {
      assert(error instanceof DataError && says.test(error.message), `generate throws ${error}`);
    }
}

/** Where a state belongs says the configuration, and no instance. */
export const statesOfEqualModels: Law = {
  name: 'goes on from the state of another instance of the same configuration, whatever its seed',
  kinds: ['language-model', 'sequence-to-sequence'],
  check: (subject) =>
    withFreshModel(subject, async (model: Streaming) => {
      const expected = begun(model);
      const states = [await stateOf(subject, {}), await stateOf(subject, {seed: 3})];
      const saved = StreamState.fromBytes(await states[0].toBytes());
      const own = nextOf(model, expected);
      assertSame(nextOf(model, states[0]), own, 'from the state of another instance');
      assertSame(nextOf(model, saved), own, 'from the state of another instance, saved and loaded');
      nextOf(model, states[1]);
    }),
};

/** Logits after one token more; frees the state. */
function nextOf(model: Streaming, before: StreamState): Float32Array {
  const {logits, state} = model.stream([2], before);
  state.dispose();
  const values = logits.dataSync<'float32'>().slice();
  tf.dispose(logits);
  return values;
}
