import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {layers, ops} from '../src';

/** Row p of the table by definition. */
function row(p: number, D: number): number[] {
  const half = Math.floor(D / 2);
  const w = Array.from({length: half}, (_, j) => 10000 ** (-j / (half - 1)));
  return [...w.map((x) => Math.sin(p * x)), ...w.map((x) => Math.cos(p * x)), ...(D % 2 === 1 ? [0] : [])];
}

function expectClose(actual: ArrayLike<number>, wanted: number[]) {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i] - value), `value ${i}`).toBeLessThan(1e-6);
  });
}

describe('fairseqSinusoids', () => {
  it.each([4, 5, 6, 16])('are sines, then cosines, %i wide', (D) => {
    tf.tidy(() => {
      const rows = [0, 1, 2, 77, 100_000];
      const wanted = rows.flatMap((p) => row(p, D));
      expectClose(ops.fairseqSinusoids(rows, D).dataSync(), wanted);
      expectClose(ops.fairseqSinusoids(tf.tensor1d(rows, 'int32'), D).dataSync(), wanted);
    });
  });
});

describe('the layer', () => {
  const D = 4;
  const mask = [
    [1, 1, 1, 0, 0],
    [0, 0, 1, 1, 1],
    [1, 0, 1, 0, 1],
  ];
  const wanted = mask.flatMap((tokens) => {
    let n = 0;
    return tokens.flatMap((isToken) => (isToken ? row(n++ + 2, D) : Array<number>(D).fill(0)));
  });

  it('counts tokens alone, wherever padding is', () => {
    tf.tidy(() => {
      const layer = layers.fairseqPositions({firstRow: 2});
      expectClose((layer.apply([tf.zeros([3, 5, D]), tf.tensor2d(mask)]) as tf.Tensor).dataSync(), wanted);
      const ones = (layer.apply([tf.ones([3, 5, D]), tf.tensor2d(mask)]) as tf.Tensor).dataSync();
      expectClose(
        ones,
        wanted.map((value) => value + 1),
      );
      const zeroed = layers.fairseqPositions({firstRow: 2, zeroPadding: true});
      const emptied = (zeroed.apply([tf.ones([3, 5, D]), tf.tensor2d(mask)]) as tf.Tensor).dataSync();
      expectClose(
        emptied,
        wanted.map((value, i) => (mask.flat()[Math.floor(i / D)] ? value + 1 : 0)),
      );
    });
  });

  it('goes on counting in a stream', () => {
    const layer = layers.fairseqPositions({firstRow: 3});
    const x = tf.zeros([1, 3, D]);
    const first = layer.stream(x);
    const second = layer.stream(x, first.state);
    expectClose(
      second.output.dataSync(),
      [6, 7, 8].flatMap((p) => row(p, D)),
    );
    second.state.dispose();
    tf.dispose([x, first.output, second.output]);
  });
});
