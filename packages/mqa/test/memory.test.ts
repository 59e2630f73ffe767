import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {it} from 'vitest';
import {mqa} from '../src';

it('with a window holds as many tensors after 2,000 generated tokens as before, and a state of the same size all along', async () => {
  const model = mqa({
    ...{vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 8},
    window: 4,
    maxSequenceLength: null,
  });
  await generatesInConstantMemory(model, 2000);
  model.dispose();
});
