import * as tf from '@tensorflow/tfjs';
import {CheckpointError, Random} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {fromPretrained, type Transformer, type TransformerOptions, transformer} from '../src';
import {type Llama2cFile, llama2cFile} from './llama2c-files';

function smallModel(options: Partial<TransformerOptions> = {}): Transformer {
  return transformer({
    vocabSize: 6,
    hiddenSize: 8,
    numLayers: 2,
    numHeads: 2,
    numKeyValueHeads: 1,
    intermediateSize: 10,
    maxSequenceLength: 5,
    seed: 1,
    ...options,
  });
}

/** The file of a small model, which is freed. */
function smallFile(file: Llama2cFile, options: Partial<TransformerOptions> = {}): Uint8Array<ArrayBuffer> {
  return tf.tidy(() => {
    const model = smallModel(options);
    const bytes = llama2cFile(model, file);
    model.dispose();
    return bytes;
  });
}

const versions = [0, 1, 2] as const;
const groupSizes = [4, 8];

describe.each(versions)('a .bin file of llama2.c, version %i', (version) => {
  it('gives the model that it was made of, up to the rounding of version 2', async () => {
    for (const tieEmbedding of [true, false])
      for (const groupSize of version === 2 ? groupSizes : [0]) {
        const model = smallModel({tieEmbedding});
        const weights = tf.tidy(() => llama2cFile(model, {version, groupSize}));
        const loaded = await fromPretrained({weights});
        expect({...loaded.config, seed: 1}).toEqual(model.config);
        loaded.weights.forEach((weight, i) => {
          const [actual, expected] = [weight, model.weights[i]].map((w) => w.read().dataSync());
          const largest = Math.max(...expected.map(Math.abs));
          const allowed = version === 2 && weight.shape.length === 2 ? largest / 127 / 2 + 1e-7 : 0;
          for (let j = 0; j < expected.length; j++)
            expect(Math.abs(actual[j] - expected[j]), weight.originalName).toBeLessThanOrEqual(allowed);
        });
        loaded.dispose();
        model.dispose();
      }
  });

  it('is refused wherever it is cut off, or longer than it says', async () => {
    const whole = smallFile({version});
    const cuts = fc.integer({min: 0, max: whole.length - 1});
    await fc.assert(
      fc.asyncProperty(cuts, async (length) => {
        await expect(fromPretrained({weights: whole.slice(0, length)})).rejects.toThrow(CheckpointError);
      }),
      {
        numRuns: 30,
        examples: [[0], [3], [27], [28], [255], [256], [whole.length - 1]].filter(([n]) => n < whole.length) as [
          number,
        ][],
      },
    );
    const longer = new Uint8Array([...whole, 0]);
    await expect(fromPretrained({weights: longer})).rejects.toThrow(
      `has ${longer.length} bytes, but a llama2.c file of version ${version} with this header has ${whole.length}`,
    );
  });

  it('with any byte of its sizes changed gives an error at once, or a model of other values', async () => {
    const whole = smallFile({version});
    const end = version === 0 ? 28 : 41;
    await fc.assert(
      fc.asyncProperty(fc.integer({min: 0, max: end - 1}), fc.integer({min: 1, max: 255}), async (place, change) => {
        const bytes = whole.slice();
        bytes[place] ^= change;
        const outcome = await fromPretrained({weights: bytes}).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome.name).toMatch(/^(CheckpointError|ConfigError)$/);
          expect(outcome.message).not.toContain('\n');
        } else (outcome as Transformer).dispose();
      }),
      {numRuns: 100},
    );
  });
});

describe('the header of a llama2.c file', () => {
  const changed = (version: 0 | 1 | 2, place: number, value: number) => {
    const bytes = smallFile({version});
    new DataView(bytes.buffer).setInt32(place, value, true);
    return fromPretrained({weights: bytes});
  };

  it.each<[string, 0 | 1 | 2, number, number, string]>([
    ['another magic number', 1, 0, 0x616b3433, 'expected torch, safetensors, llama2.c'],
    ['a version of the future', 1, 4, 3, 'is a llama2.c file of version 3; 0, 1 and 2 can be read'],
    ['no layers', 1, 16, 0, 'its header says n_layers 0, which must be at least 1'],
    ['a negative vocabulary, which only version 0 has', 1, 28, -6, 'its header says vocab_size -6'],
    ['more layers than the file could hold', 1, 16, 2 ** 31 - 1, 'bytes, but a llama2.c file of version 1'],
    ['heads that do not divide the width', 2, 20, 3, 'its header says n_heads 3, which must divide dim 8'],
    ['key heads that do not divide the heads', 1, 24, 3, 'its header says n_kv_heads 3, which must divide n_heads 2'],
    ['groups of another size', 2, 37, 3, 'its header says a group size of 3, which must divide dim 8'],
    ['groups of no values', 2, 37, 0, 'its header says a group size of 0'],
    ['a head that it says nothing of', 0, 20, 6, 'bytes, but a llama2.c file of version 0'],
  ])('with %s is refused', async (_, version, place, value, message) => {
    const loading = changed(version, place, value);
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(message);
  });

  it('is not seen in bytes of another kind', async () => {
    const random = new Random(0);
    for (let run = 0; run < 20; run++) {
      const weights = Uint8Array.from({length: 300}, () => random.below(256));
      await expect(fromPretrained({weights})).rejects.toThrow('300 bytes that begin with');
    }
  });
});
