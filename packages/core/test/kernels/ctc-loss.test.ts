import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {ConfigError, ShapeError} from '../../src/errors';
import {type CtcLossOptions, ctcLoss} from '../../src/kernels/ctc-loss';
import {Random} from '../../src/random';
import {ctcByEnumeration, ctcByStates, samplesOf} from './ctc-definition';
import {checkKernel, normalPlain} from './gradient-check';

interface Case {
  batch: number;
  time: number;
  classes: number;
  labels: number;
  blank: number;
  seed: number;
}

/** Targets that need no more frames than there are, so many labels at most, and lengths of both. */
function drawTargets({batch, time, classes, labels, blank, seed}: Case) {
  const random = new Random(seed, 'targets');
  const frames = Array.from({length: batch}, () => random.below(time) + 1);
  const targets = frames.map((most) => {
    const drawn = Array.from({length: random.below(Math.min(labels, most) + 1)}, () => {
      const label = random.below(classes - 1);
      return label < blank ? label : label + 1;
    });
    while (drawn.length + drawn.filter((label, i) => i > 0 && label === drawn[i - 1]).length > most) drawn.pop();
    return drawn;
  });
  return {frames, targets};
}

/** Rows as long as the longest, with -100 behind. */
function padded(rows: readonly number[][], length: number): tf.Tensor2D {
  return tf.tensor2d(
    rows.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(-100)]),
    [rows.length, length],
    'int32',
  );
}

type Values = {losses: number[]; gradient: number[][][]};

function lossesAndGradient(logits: tf.TensorLike, targets: number[][], options: CtcLossOptions = {}): Values {
  return tf.tidy(() => {
    const x = tf.tensor(logits) as tf.Tensor3D;
    const rows = padded(targets, Math.max(...targets.map(({length}) => length)));
    const run = (given: tf.Tensor) => ctcLoss(given, rows, {reduction: 'none', ...options});
    const gradient = tf.grad((given) => run(given).sum())(x);
    return {losses: [...run(x).dataSync()], gradient: gradient.arraySync() as number[][][]};
  });
}

describe.each(['cpu', 'simd'])('ctcLoss on %s', (engine) => {
  beforeAll(async () => {
    await import('../../src/engines/simd');
    await tf.setBackend(engine);
  });

  afterAll(() => tf.setBackend('cpu').then(() => undefined));

  it('and its gradient are what enumerating all alignments gives', () => {
    fc.assert(
      fc.property(
        fc.record({
          batch: fc.integer({min: 1, max: 3}),
          time: fc.integer({min: 1, max: 5}),
          classes: fc.integer({min: 2, max: 3}),
          labels: fc.integer({min: 1, max: 4}),
          blank: fc.nat(2),
          seed: fc.nat(),
        }),
        (drawn) => {
          const given = {...drawn, blank: drawn.blank % drawn.classes};
          const {frames, targets} = drawTargets(given);
          checkKernel({
            inputs: {logits: normalPlain([given.batch, given.time, given.classes], given.seed, 'logits', 2)},
            op: ({logits}) => {
              const options = {blank: given.blank, inputLengths: tf.tensor1d(frames, 'int32')};
              return [ctcLoss(logits, padded(targets, given.labels), {...options, reduction: 'none'})];
            },
            definition: ({logits}) => [
              samplesOf(logits).map((rows, b) => ctcByEnumeration(rows.slice(0, frames[b]), targets[b], given.blank)),
            ],
            least: {output: 1, gradient: 0.1},
          });
        },
      ),
      {numRuns: 25},
    );
  });

  it('holds for longer sequences, with targets of any length', () => {
    fc.assert(
      fc.property(
        fc.record({
          batch: fc.integer({min: 1, max: 2}),
          time: fc.integer({min: 8, max: 40}),
          classes: fc.integer({min: 2, max: 9}),
          labels: fc.integer({min: 1, max: 20}),
          blank: fc.constant(0),
          seed: fc.nat(),
        }),
        (given) => {
          const {frames, targets} = drawTargets(given);
          const logits = normalPlain([given.batch, given.time, given.classes], given.seed, 'logits', 3);
          checkKernel({
            inputs: {logits},
            op: ({logits: x}) => {
              const inputLengths = tf.tensor1d(frames, 'int32');
              return [ctcLoss(x, padded(targets, given.labels), {inputLengths, reduction: 'none'})];
            },
            definition: ({logits: x}) => [
              samplesOf(x).map((rows, b) => ctcByStates(rows.slice(0, frames[b]), targets[b], 0)),
            ],
            least: {output: 1, gradient: 0.1},
          });
        },
      ),
      {numRuns: 8},
    );
  });

  it('keeps its digits over 2,000 frames, where probabilities are far below the smallest float', () => {
    const [time, classes] = [2000, 6];
    const logits = normalPlain([1, time, classes], 7, 'logits', 3);
    const random = new Random(7, 'target');
    const target = Array.from({length: 150}, () => 1 + random.below(classes - 1));
    const [rows] = samplesOf(logits);
    const {losses, gradient} = lossesAndGradient(
      tf.util.toNestedArray([1, time, classes], Float32Array.from(logits.data)) as number[][][],
      [target],
    );
    const wanted = ctcByStates(rows, target, 0);
    expect(wanted).toBeGreaterThan(1000);
    expect(Math.abs(losses[0] / wanted - 1)).toBeLessThan(1e-6);
    // Of every frame the shares of all classes are 1 together, and so are its probabilities.
    for (const frame of gradient[0]) expect(Math.abs(frame.reduce((sum, x) => sum + x, 0))).toBeLessThan(1e-5);
    for (const t of [0, 777, 1999])
      for (let k = 0; k < classes; k++) {
        const place = t * classes + k;
        const moved = (by: number) =>
          ctcByStates(samplesOf({...logits, data: logits.data.with(place, logits.data[place] + by)})[0], target, 0);
        expect(gradient[0][t][k]).toBeCloseTo((moved(1e-3) - moved(-1e-3)) / 2e-3, 4);
      }
  });

  it('is infinite where no alignment is possible, with the gradient 0, and 0 with zeroInfinity', () => {
    const frames = Array.from({length: 3}, () => [0.1, 0.5, -0.2]);
    // Four labels in three frames; a repeated label, which needs a blank between; one that is possible.
    const targets = [
      [1, 2, 1, 2],
      [1, 1, 1],
      [1, 2],
    ];
    for (const zeroInfinity of [false, true]) {
      const {losses, gradient} = lossesAndGradient([frames, frames, frames], targets, {zeroInfinity});
      expect(losses.slice(0, 2)).toEqual(zeroInfinity ? [0, 0] : [Infinity, Infinity]);
      expect(
        gradient
          .slice(0, 2)
          .flat(2)
          .every((x) => x === 0),
      ).toBe(true);
      expect(Number.isFinite(losses[2])).toBe(true);
      expect(gradient[2].flat().some((x) => x !== 0)).toBe(true);
    }
  });

  it('of an empty target is that of blanks alone', () => {
    const frames = [
      [1, 2, 3],
      [0, -1, 0.5],
    ];
    const {losses} = lossesAndGradient([frames, frames], [[], [1]]);
    const [rows] = samplesOf({shape: [1, 2, 3], data: frames.flat()});
    expect(losses[0]).toBeCloseTo(-rows[0][0] - rows[1][0], 5);
    const targetLengths = tf.tensor1d([0], 'int32');
    const none = lossesAndGradient([frames], [[]], {targetLengths});
    targetLengths.dispose();
    expect(none.losses[0]).toBeCloseTo(losses[0], 6);
  });

  it('takes no frame as an alignment of no label, and of no other', () => {
    const frames = [
      [1, 2],
      [3, 4],
    ];
    const inputLengths = tf.tensor1d([0, 0], 'int32');
    const {losses, gradient} = lossesAndGradient([frames, frames], [[], [1]], {inputLengths});
    expect(losses).toEqual([0, Infinity]);
    expect(gradient.flat(2).every((x) => x === 0)).toBe(true);
    inputLengths.dispose();
  });

  it('leaves out what is behind an utterance, NaN too', () => {
    const inputLengths = tf.tensor1d([2], 'int32');
    const frames = [
      [1, 2],
      [3, 4],
    ];
    const alone = lossesAndGradient([frames], [[1]]);
    const beside = lossesAndGradient([[...frames, [NaN, NaN]]], [[1]], {inputLengths});
    expect(beside.losses).toEqual(alone.losses);
    expect(beside.gradient[0]).toEqual([...alone.gradient[0], [0, 0]]);
    inputLengths.dispose();
  });

  it('lets a logit of -infinity rule out a class', () => {
    const {losses, gradient} = lossesAndGradient(
      [
        [
          [0, 0, -Infinity],
          [0, 0, -Infinity],
        ],
      ],
      [[1]],
    );
    expect(losses[0]).toBeCloseTo(-Math.log(0.75), 5);
    expect(gradient[0][0][2]).toBe(0);
    expect(lossesAndGradient([[[0, 0, -Infinity]]], [[2]]).losses).toEqual([Infinity]);
  });

  it('is NaN where a logit is, and for labels and lengths that are none', () => {
    const frames = [
      [1, 2],
      [3, 4],
    ];
    const one = (given: number) => tf.tensor1d([given], 'int32');
    expect(
      lossesAndGradient(
        [
          [
            [1, NaN],
            [3, 4],
          ],
        ],
        [[1]],
      ).losses,
    ).toEqual([NaN]);
    tf.tidy(() => {
      for (const [target, options] of [
        [[0], {}],
        [[2], {}],
        [[1, 0], {}],
        [[1], {inputLengths: one(3)}],
        [[1], {inputLengths: one(-1)}],
        [[1], {targetLengths: one(2)}],
        [[1], {targetLengths: one(-1)}],
      ] as [number[], CtcLossOptions][])
        expect(lossesAndGradient([frames], [target], options).losses).toEqual([NaN]);
    });
  });

  it('is averaged over labels, then over samples', () => {
    tf.tidy(() => {
      const frames = Array.from({length: 5}, (_, t) => [t / 5, 1 - t, 0.3 * t]);
      const logits = tf.tensor3d([frames, frames, frames]);
      const targets = padded([[1, 2], [], [2]], 2);
      const each = [...ctcLoss(logits, targets, {reduction: 'none'}).dataSync()];
      expect(ctcLoss(logits, targets, {reduction: 'sum'}).dataSync()[0]).toBeCloseTo(each[0] + each[1] + each[2], 5);
      expect(ctcLoss(logits, targets).dataSync()[0]).toBeCloseTo((each[0] / 2 + each[1] + each[2]) / 3, 5);
    });
  });
});

describe('ctcLoss', () => {
  it('refuses what is no such loss', () => {
    tf.tidy(() => {
      const [logits, targets] = [tf.zeros([2, 4, 3]), tf.ones([2, 2], 'int32')];
      expect(() => ctcLoss(tf.zeros([4, 3]), targets)).toThrow(/logits \[4,3\] must be \[batch, time, classes\]/);
      expect(() => ctcLoss(logits, tf.ones([3, 2], 'int32'))).toThrow(ShapeError);
      expect(() => ctcLoss(logits, targets, {inputLengths: tf.ones([3], 'int32')})).toThrow(
        /inputLengths \[3\] must be \[2\]/,
      );
      expect(() => ctcLoss(logits, targets, {blank: 3})).toThrow(/blank is 3, but must be a class, 0 to 2/);
      expect(() => ctcLoss(logits, targets, {reduction: 'average' as 'mean'})).toThrow(ConfigError);
      expect(() => ctcLoss(logits, targets, {zeroInfinity: 1 as unknown as boolean})).toThrow(/true or false/);
    });
  });
});
