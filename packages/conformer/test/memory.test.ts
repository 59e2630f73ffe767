import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {it} from 'vitest';
import {conformer} from '../src';

it('holds as many tensors after 2,000 generated tokens as before, and a state of the same size all along', async () => {
  const model = conformer({vocabSize: 8, hiddenSize: 8, numLayers: 1, intermediateSize: 8});
  await generatesInConstantMemory(model, 2000);
  model.dispose();
});
