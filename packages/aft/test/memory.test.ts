import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {it} from 'vitest';
import {type AftOptions, aft} from '../src';

it.each<Partial<AftOptions>>([
  {variant: 'simple'},
  {variant: 'local', windowSize: 4, factorSize: 2},
  {variant: 'conv', numHeads: 2, kernelSize: 4},
])('holds as many tensors and bytes after 1,000 generated tokens as before: %j', async (fields) => {
  const model = aft({
    vocabSize: 8,
    hiddenSize: 8,
    numLayers: 1,
    intermediateSize: 8,
    maxSequenceLength: 1100,
    ...fields,
  });
  await generatesInConstantMemory(model, 1000);
  model.dispose();
});
