import * as tf from '@tensorflow/tfjs';
import {ConfigError, type ForwardOptions, Random, type RunLayer} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {checkpointed} from '../../src/index';
import {TinyBlock, type TinyModel, withTiny} from '../tiny-model';

/** A loss and its gradients. */
function gradientsOf(model: TinyModel, tokens: tf.Tensor, run?: RunLayer) {
  const options: ForwardOptions = {training: true, random: new Random(5)};
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return tf.variableGrads(() => model.forward(tokens, options, run).square().mean(), variables);
}

const keeping = undefined;
const recomputing: RunLayer = (layer, x, options) =>
  layer instanceof TinyBlock ? checkpointed(layer, x, options) : layer.pass(x, options);

const someTokens = (batch: number, time: number) => tf.randomUniform([batch, time], 0, 7, 'int32', 3);

describe('checkpointed', () => {
  it('gives the gradients of a run that keeps everything, with the same dropout', async () => {
    const cases = fc.record({
      numLayers: fc.integer({min: 1, max: 4}),
      dropout: fc.constantFrom(0, 0.4),
      tied: fc.boolean(),
      seed: fc.nat(1000),
      batch: fc.integer({min: 1, max: 2}),
      time: fc.integer({min: 1, max: 5}),
    });
    function compare(model: TinyModel, batch: number, time: number): void {
      const tokens = someTokens(batch, time);
      const [kept, saved] = [keeping, recomputing].map((run) => gradientsOf(model, tokens, run));
      expect(saved.value.dataSync()).toEqual(kept.value.dataSync());
      expect(Object.keys(saved.grads)).toEqual(Object.keys(kept.grads));
      for (const [name, gradient] of Object.entries(kept.grads)) {
        const largest = gradient.abs().max().dataSync()[0];
        expect(gradient.sub(saved.grads[name]).abs().max().dataSync()[0]).toBeLessThanOrEqual(1e-6 * largest);
      }
    }
    await fc.assert(
      fc.asyncProperty(cases, ({batch, time, ...config}) =>
        withTiny(config, (model) => tf.tidy(() => compare(model, batch, time))),
      ),
      {numRuns: 12},
    );
  });

  it('gives the gradient of its input too', () =>
    withTiny({dropout: 0.3}, (model) =>
      tf.tidy(() => {
        const block = model.layers.find((layer) => layer instanceof TinyBlock) as TinyBlock;
        const x = tf.randomNormal([2, 3, 4], 0, 1, 'float32', 1);
        const options = () => ({training: true, random: new Random(1)});
        const kept = tf.grad((x) => block.forward(x, options()).square())(x);
        const saved = tf.grad((x) => checkpointed(block, x, options()).output.square())(x);
        expect(saved.sub(kept).abs().max().dataSync()[0]).toBeLessThan(1e-5);
      }),
    ));

  it('draws from the random numbers what a plain run draws', () =>
    withTiny({dropout: 0.5, numLayers: 2}, (model) =>
      tf.tidy(() => {
        const drawn = [keeping, recomputing].map((run) => {
          const options = {training: true, random: new Random(9)};
          model.forward(someTokens(1, 3), options, run);
          return options.random.state;
        });
        expect(drawn[1]).toEqual(drawn[0]);
      }),
    ));

  it('works within itself', () =>
    withTiny({dropout: 0.2, numLayers: 3}, (model) =>
      tf.tidy(() => {
        const blocks = model.layers.filter((layer) => layer instanceof TinyBlock);
        const x = tf.randomNormal([1, 3, 4], 0, 1, 'float32', 1);
        const all = (run: (block: TinyBlock, h: tf.Tensor) => tf.Tensor) =>
          blocks.reduce((h, block) => run(block, h), x);
        // A layer whose forward pass is made of checkpointed ones.
        const outer = {weightsInUse: blocks.flatMap((block) => block.weightsInUse), takes: [], gives: []};
        const nested = {
          ...outer,
          pass: (_: tf.Tensor, options: ForwardOptions) => ({
            output: all((b, h) => checkpointed(b, h, options).output),
          }),
        } as unknown as TinyBlock;
        const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const grads = (forward: (options: ForwardOptions) => tf.Tensor) =>
          tf.variableGrads(
            () =>
              forward({training: true, random: new Random(2)})
                .square()
                .sum(),
            variables,
          ).grads;
        const kept = grads((options) => all((layer, h) => layer.forward(h, options)));
        const saved = grads((options) => checkpointed(nested, x, options).output);
        for (const [name, gradient] of Object.entries(kept))
          expect(gradient.sub(saved[name]).abs().max().dataSync()[0]).toBeLessThan(1e-5);
      }),
    ));

  it('takes less memory in a deep model, and leaves none behind', () =>
    withTiny({numLayers: 12, hiddenSize: 8}, async (model) => {
      const tokens = someTokens(4, 16);
      const {numTensors, numBytes} = tf.memory();
      const peakOf = async (run?: RunLayer) => {
        const {peakBytes} = await tf.profile(() => {
          const {value, grads} = gradientsOf(model, tokens, run);
          tf.dispose([value, grads]);
          return [];
        });
        expect(tf.memory().numTensors).toBe(numTensors);
        return peakBytes - numBytes;
      };
      expect(await peakOf(recomputing)).toBeLessThan((await peakOf(keeping)) / 3);
      tokens.dispose();
    }));

  it('refuses to train without random numbers that can be drawn twice', () =>
    withTiny({}, (model) => {
      const block = model.layers[2] as TinyBlock;
      tf.tidy(() => {
        expect(() => checkpointed(block, tf.zeros([1, 1, 4]), {training: true})).toThrow(ConfigError);
      });
    }));
});
