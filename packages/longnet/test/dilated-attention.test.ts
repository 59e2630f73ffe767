import * as tf from '@tensorflow/tfjs';
import {dilatedOffsets, Random, type StreamState} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {layers, ops} from '../src';

const cases = fc
  .record({
    batch: fc.integer({min: 1, max: 2}),
    time: fc.integer({min: 1, max: 14}),
    numHeads: fc.integer({min: 1, max: 4}),
    size: fc.constantFrom<number>(2, 4),
    patterns: fc.array(fc.tuple(fc.integer({min: 1, max: 16}), fc.integer({min: 1, max: 5})), {
      minLength: 1,
      maxLength: 3,
    }),
    causal: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({patterns, ...rest}) => ({
    ...rest,
    segmentLengths: patterns.map(([length]) => length),
    dilations: patterns.map(([, dilation]) => dilation),
  }));
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

function draw({batch, time, numHeads, size, seed}: Case): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const random = new Random(seed, 'longnet');
  const shape = [batch, time, numHeads, size];
  const tensor = () =>
    tf.tensor(
      Float32Array.from({length: tf.util.sizeFromShape(shape)}, () => random.normal()),
      shape,
    );
  return [tensor(), tensor(), tensor()];
}

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => a.sub(b).abs().max().dataSync()[0]);

/** How often position s is a key of position t, of a head: in how many patterns both are kept in one segment. */
function timesSeen({segmentLengths, dilations, causal, numHeads}: Case, head: number, t: number, s: number): number {
  if (causal && s > t) return 0;
  return segmentLengths.filter((w, i) => {
    const offset = dilatedOffsets({dilation: dilations[i]}, numHeads)[head];
    const isKept = (n: number) => (n % w) % dilations[i] === offset;
    return Math.floor(t / w) === Math.floor(s / w) && isKept(t) && isKept(s);
  }).length;
}

/** One softmax over all keys of all patterns, position by position in double precision. */
function bruteForce(given: Case, [q, k, v]: tf.Tensor[]): tf.Tensor {
  const [queries, keys, values] = [q, k, v].map((x) => x.arraySync() as number[][][][]);
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const rows = queries.map((sequence, b) =>
    sequence.map((heads, t) =>
      heads.map((query, h) => {
        const weights = sequence.map(
          (_, s) => timesSeen(given, h, t, s) * Math.exp(dot(query, keys[b][s][h]) / Math.sqrt(given.size)),
        );
        const total = weights.reduce((a, w) => a + w, 0);
        const mean = (i: number) => weights.reduce((sum, w, s) => sum + w * values[b][s][h][i], 0) / (total || 1);
        return query.map((_, i) => mean(i));
      }),
    ),
  );
  return tf.tensor(rows, q.shape);
}

describe('dilatedAttention', () => {
  it('is one softmax over the keys of all patterns, where filling is hidden', () => {
    fc.assert(
      fc.property(cases, (given) => {
        tf.tidy(() => {
          const [q, k, v] = draw(given);
          const {segmentLengths, dilations, causal} = given;
          const {output} = ops.dilatedAttention(q, k, v, {segmentLengths, dilations, causal, maskFilling: true});
          expect(distance(output, bruteForce(given, [q, k, v]))).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 50},
    );
  });

  it('leaves padding at the end of rows alone', () => {
    fc.assert(
      fc.property(cases, fc.integer({min: 1, max: 5}), (given, padding) => {
        tf.tidy(() => {
          const {segmentLengths, dilations, causal, batch, time} = given;
          const options = {segmentLengths, dilations, causal, maskFilling: true};
          const all = draw(given);
          const padded = all.map((x) =>
            tf.pad(
              x,
              [
                [0, 0],
                [0, padding],
                [0, 0],
                [0, 0],
              ],
              3,
            ),
          ) as typeof all;
          const mask = tf.concat([tf.ones([batch, time]), tf.zeros([batch, padding])], 1);
          const found = ops.dilatedAttention(...padded, {...options, mask}).output.slice([0, 0], [-1, time]);
          expect(distance(found, ops.dilatedAttention(...all, options).output)).toBeLessThan(1e-5);
        });
      }),
      {numRuns: 30},
    );
  });

  it('has the gradient of differences, through both outputs, where shares are differentiated', () => {
    tf.tidy(() => {
      const given = {
        batch: 1,
        time: 7,
        numHeads: 2,
        size: 2,
        segmentLengths: [3, 6],
        dilations: [1, 2],
        causal: true,
        seed: 3,
      };
      const inputs = draw(given);
      const options = {...given, xPosScaleBase: 16, differentiateShares: true};
      const {segmentLengths, dilations, causal, xPosScaleBase, differentiateShares} = options;
      const loss = (...[q, k, v]: tf.Tensor[]) => {
        const known = {segmentLengths, dilations, causal, xPosScaleBase, differentiateShares};
        const {output, logSumExp} = ops.dilatedAttention(q, k, v, known);
        return output.square().sum().add(logSumExp.sin().sum()).asScalar();
      };
      const gradients = tf.grads(loss)(inputs);
      for (const [which, gradient] of gradients.entries()) {
        const values = inputs[which].dataSync();
        const actual = gradient.dataSync();
        for (const place of [0, 5, 13, 27]) {
          const at = (step: number) => {
            const moved = Float32Array.from(values, (x, i) => (i === place ? x + step : x));
            const changed = inputs.map((x, i) => (i === which ? tf.tensor(moved, x.shape) : x));
            return loss(...changed).dataSync()[0];
          };
          expect(Math.abs(actual[place] - (at(1e-2) - at(-1e-2)) / 2e-2)).toBeLessThan(5e-3);
        }
      }
    });
  });

  it('turns positions beyond the range of powers of ζ, each segment from its middle', () => {
    tf.tidy(() => {
      const patterns = {segmentLengths: [16, 128], dilations: [1, 2]};
      const [q, k, v] = draw({batch: 1, time: 1500, numHeads: 2, size: 4, ...patterns, causal: true, seed: 1});
      // 0.286^(±750 / 2) is 0 or infinite.
      const options = {...patterns, causal: true, xPosScaleBase: 2};
      const whole = ops.dilatedAttention(q, k, v, options).output;
      const part = (x: tf.Tensor) => x.slice([0, 1408], [-1, 92]);
      const {output} = ops.dilatedAttention(part(q), part(k), part(v), options);
      expect(distance(part(whole), output)).toBeLessThan(1e-4);
    });
  });
});

describe('causalDilatedAttention', () => {
  it('streams the same in any pieces, whatever the patterns', () => {
    fc.assert(
      fc.property(
        cases,
        fc.array(fc.integer({min: 1, max: 6}), {minLength: 1}),
        fc.boolean(),
        (given, lengths, xPos) => {
          const {batch, time, numHeads, size, segmentLengths, dilations} = given;
          const layer = layers.causalDilatedAttention({numHeads, segmentLengths, dilations, xPos, xPosScaleBase: 8});
          tf.tidy(() => {
            const x = draw({...given, numHeads: 1, size: numHeads * size})[0].reshape([batch, time, numHeads * size]);
            const whole = layer.apply(x) as tf.Tensor;
            const outputs: tf.Tensor[] = [];
            let state: StreamState | null = null;
            for (let at = 0, i = 0; at < time; i++) {
              const length = Math.min(lengths[i % lengths.length], time - at);
              const step = layer.stream(x.slice([0, at, 0], [-1, length, -1]), state);
              outputs.push(step.output);
              state = step.state as StreamState;
              at += length;
            }
            (state as StreamState | null)?.dispose();
            expect(distance(tf.concat(outputs, 1), whole)).toBeLessThan(1e-4);
          });
          layer.dispose();
        },
      ),
      {numRuns: 25},
    );
  });

  it('goes on after more positions than are looked at together, in pieces of any length', () => {
    const layer = layers.causalDilatedAttention({numHeads: 2, segmentLengths: [32, 256], dilations: [1, 8]});
    tf.tidy(() => {
      const x = draw({
        batch: 1,
        time: 420,
        numHeads: 1,
        size: 8,
        segmentLengths: [],
        dilations: [],
        causal: true,
        seed: 5,
      })[0];
      const flat = x.reshape([1, 420, 8]);
      const first = layer.stream(flat.slice([0, 0, 0], [-1, 20, -1]));
      const second = layer.stream(flat.slice([0, 20, 0], [-1, 400, -1]), first.state);
      second.state.dispose();
      const whole = layer.apply(flat) as tf.Tensor;
      expect(distance(tf.concat([first.output, second.output], 1), whole)).toBeLessThan(1e-4);
    });
    layer.dispose();
  });
});
