import * as tf from '@tensorflow/tfjs';
import {expect, it} from 'vitest';
import {type MonarchMixer, monarchMixer} from '../src';

const options = {vocabSize: 11, hiddenSize: 8, numLayers: 1, maxSequenceLength: 32, filterSize: 8};

async function generated(model: MonarchMixer, prompt: number[], maxTokens: number): Promise<number[]> {
  const tokens: number[] = [];
  for await (const token of model.generate(prompt, {maxTokens, temperature: 0})) tokens.push(token);
  return tokens;
}

/** What comes next after each of the last `window` tokens alone. */
function greedy(model: MonarchMixer, prompt: number[], maxTokens: number, window: number): number[] {
  const tokens = [...prompt];
  for (let n = 0; n < maxTokens; n++)
    tokens.push(
      tf.tidy(
        () =>
          model
            .logits([tokens.slice(-window)])
            .argMax(-1)
            .dataSync()
            .at(-1) as number,
      ),
    );
  return tokens.slice(prompt.length);
}

it('generates from as many tokens as it was trained on, however it was, and saved or not', async () => {
  const model = monarchMixer(options);
  expect(model.trainedLength).toBeNull();
  const [x, y] = [tf.ones([2, 6], 'int32'), tf.ones([2, 6], 'int32')];
  model.compile({optimizer: 'sgd'});
  await model.fit(x, y, {epochs: 1, verbose: 0});
  tf.dispose([x, y]);
  expect(model.trainedLength).toBe(6);
  const Model = model.constructor as tf.serialization.SerializableConstructor<MonarchMixer>;
  const again = (Model as unknown as typeof MonarchMixer).fromConfig(
    Model,
    JSON.parse(JSON.stringify(model.getConfig())),
  );
  again.setWeights(model.getWeights());
  const prompt = [1, 2, 3, 4, 5];
  for (const one of [model, again]) expect(await generated(one, prompt, 9)).toEqual(greedy(model, prompt, 9, 6));
  tf.dispose(tf.tidy(() => model.forward(tf.ones([1, 9], 'int32'), {training: true})));
  expect(model.trainedLength).toBe(9);
  model.trainedLength = null;
  expect(await generated(model, prompt, 9)).toEqual(greedy(model, prompt, 9, 32));
  again.dispose();
  model.dispose();
});
