import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {it} from 'vitest';
import {type AttentionSinksOptions, attentionSinks} from '../src';

it.each<[string, Partial<AttentionSinksOptions>]>([
  ['llama', {}],
  ['mpt', {family: 'mpt'}],
  ['a token of its own', {sinkToken: 3, sinkLogit: 'learned'}],
])(
  'holds as many tensors after 600 generated tokens as before, and a state of the same size all along: %s',
  async (_, fields) => {
    const sizes = {vocabSize: 8, hiddenSize: 8, numHeads: 2, numLayers: 1, intermediateSize: 8, windowSize: 20};
    const model = attentionSinks({...sizes, ...fields});
    await generatesInConstantMemory(model, 600);
    model.dispose();
  },
);
