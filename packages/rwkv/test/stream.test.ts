import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {StreamState, walkState} from '@variants/core';
import {generatesInConstantMemory} from '@variants-tooling/conformance';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Rwkv, type RwkvVersion, rwkv} from '../src';
import {versions} from '../src/config';

const small = {vocabSize: 8, hiddenSize: 16, numLayers: 2, intermediateSize: 16};

describe.each([...versions])('a stream of version %i', (version: RwkvVersion) => {
  let model: Rwkv;

  beforeAll(() => {
    model = rwkv({...small, version});
  });
  afterAll(() => {
    model.dispose();
  });

  it('is made of tensors whose shapes never change', () => {
    const shapes = (state: StreamState) => {
      const found: string[] = [];
      walkState(state.tree, (leaf, path) =>
        found.push(`${path} ${leaf instanceof tf.Tensor ? leaf.shape : 'a number'}`),
      );
      return found;
    };
    const first = model.stream([1]);
    const before = shapes(first.state);
    expect(before.filter((line) => line.endsWith('a number'))).toEqual([]);
    const second = model.stream([2, 3, 4], first.state);
    const third = model.stream([5], second.state);
    expect(shapes(third.state)).toEqual(before);
    third.state.dispose();
    tf.dispose([first.logits, second.logits, third.logits]);
  });

  it('holds as many tensors and bytes after 2,000 tokens as before', () => generatesInConstantMemory(model, 2000));

  it('goes on from a saved state as from the state itself', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'variants-rwkv-'));
    const first = model.stream([1, 2, 3]);
    await first.state.save(join(directory, 'prompt.state'));
    const loaded = await StreamState.load(join(directory, 'prompt.state'));
    const [expected, actual] = [first.state, loaded].map((state) => {
      const next = model.stream([4], state);
      next.state.dispose();
      const values = next.logits.dataSync();
      next.logits.dispose();
      return values;
    });
    expect(actual).toEqual(expected);
    tf.dispose(first.logits);
    rmSync(directory, {recursive: true});
  });

  it('takes shorter prompts padded on the left', () => {
    const alone = model.stream([3, 4, 5]);
    const mask = tf.tensor2d([
      [1, 1, 1, 1, 1],
      [0, 0, 1, 1, 1],
    ]);
    const rows = [
      [1, 2, 3, 4, 5],
      [7, 7, 3, 4, 5],
    ];
    const padded = model.stream(rows, null, {attentionMask: mask});
    const [nextAlone, nextPadded] = [model.stream([6], alone.state), model.stream([[6], [6]], padded.state)];
    tf.tidy(() => {
      const inRow = (x: tf.Tensor, time: number) => x.slice([1, (x.shape[1] as number) - time, 0], [1, time, -1]);
      for (const [actual, expected] of [
        [inRow(padded.logits, 3), alone.logits],
        [inRow(nextPadded.logits, 1), nextAlone.logits],
      ])
        expect(actual.sub(expected).abs().max().dataSync()[0]).toBeLessThan(1e-5);
    });
    tf.dispose([mask, alone.logits, padded.logits, nextAlone.logits, nextPadded.logits]);
    for (const {state} of [nextAlone, nextPadded]) state.dispose();
  });
});
