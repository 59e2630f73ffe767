import {DataError, type LanguageModel, languageModel, StreamState} from '@variants/core';
import {layers} from '@variants/retnet';
import {rwkv} from '@variants/rwkv';
import {expect, it} from 'vitest';
import {architectures} from '../src/architectures';

const size = {parameters: 30_000, vocabSize: 32, maxSequenceLength: 16};

/** The state of a stream of a model that is gone. */
function stateOf(model: LanguageModel): StreamState {
  const {logits, state} = model.stream([1]);
  logits.dispose();
  model.dispose();
  return state;
}

const retNetBlock = () => layers.retNetBlock({numHeads: 2, intermediateSize: 16});
const makers: [name: string, make: () => LanguageModel][] = [
  ...architectures.map(({card, sized}): [string, () => LanguageModel] => [card.name, () => sized(size)(0)]),
  ['rwkv', () => rwkv({vocabSize: 32, hiddenSize: 16, numLayers: 1, version: 4})],
  ['language-model', () => languageModel({vocabSize: 32, hiddenSize: 16, blocks: [retNetBlock()]})],
  ['language-model', () => languageModel({vocabSize: 32, hiddenSize: 16, blocks: [retNetBlock(), retNetBlock()]})],
];

it('are refused by every model but those that are made alike, naming both', async () => {
  const states = makers.map(([, make]) => stateOf(make()));
  for (const [i, [name, make]] of makers.entries()) {
    const model = make();
    for (const [j, state] of states.entries()) {
      const saved = StreamState.fromBytes(await state.toBytes());
      const next = () => model.stream([2], saved);
      if (i === j) {
        const {logits, state: after} = next();
        logits.dispose();
        after.dispose();
      } else {
        expect(next).toThrow(DataError);
        expect(next).toThrow(new RegExp(`not of this model: it was made by ${makers[j][0]}.*, and this is ${name}`));
        saved.dispose();
      }
    }
    model.dispose();
  }
  for (const state of states) state.dispose();
});
