import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type DilatedPattern, dilatedOffsets, dilatedRows, dilatedShape, mergeDilated} from '../../src';
import {keptShape} from '../../src/kernels/dilated/pattern';
import {keptRows} from '../../src/kernels/dilated/rows-reference';
import {checkKernel, normalPlain, type Plain} from './gradient-check';

type Plains = {[name: string]: Plain};

const pattern = fc.record<DilatedPattern>({
  segmentLength: fc.integer({min: 1, max: 9}),
  dilation: fc.integer({min: 1, max: 5}),
});
const cases = fc.record({
  batch: fc.integer({min: 1, max: 2}),
  time: fc.integer({min: 1, max: 11}),
  numHeads: fc.integer({min: 1, max: 5}),
  size: fc.integer({min: 1, max: 3}),
  patterns: fc.array(pattern, {minLength: 1, maxLength: 3}),
  seed: fc.nat(),
});

/** The position that row j of a head's rows of a segment stands for; null where that is none. */
function positionOf(given: DilatedPattern, time: number, numHeads: number, segment: number, head: number, j: number) {
  const {length} = dilatedShape(given, time, numHeads);
  const within = Math.floor(head / Math.ceil(numHeads / given.dilation)) + given.dilation * j;
  const t = segment * length + within;
  return within < length && t < time ? t : null;
}

/** Row after row of what is kept: where it comes from, as an index of [batch, time, heads], or null. */
function sources(given: DilatedPattern, [batch, time, numHeads, size]: number[]): (number | null)[] {
  const {segments, rows} = dilatedShape(given, time, numHeads);
  return Array.from(
    {
      length: keptShape(given, [batch, time, numHeads, size])
        .slice(0, 3)
        .reduce((a, b) => a * b),
    },
    (_, i) => {
      const [j, h, piece] = [i % rows, Math.floor(i / rows) % numHeads, Math.floor(i / rows / numHeads)];
      const [s, b] = [piece % segments, Math.floor(piece / segments)];
      const t = positionOf(given, time, numHeads, s, h, j);
      return t === null ? null : (b * time + t) * numHeads + h;
    },
  );
}

function keptByDefinition({shape, data}: Plain, given: DilatedPattern): number[] {
  const size = shape[3];
  return sources(given, shape).flatMap((source) =>
    Array.from({length: size}, (_, i) => (source === null ? 0 : data[source * size + i])),
  );
}

/** Position by position, one softmax over what its patterns found, in double precision. */
function mergedByDefinition(inputs: Plains, patterns: DilatedPattern[], shape: number[]): number[][] {
  const [batch, time, numHeads, size] = shape;
  const places = batch * time * numHeads;
  const found = Array.from({length: places}, (): {lse: number; output: number[]}[] => []);
  for (const [i, given] of patterns.entries())
    for (const [row, source] of sources(given, shape).entries())
      if (source !== null)
        found[source].push({
          lse: inputs[`logSumExp${i}`].data[row],
          output: inputs[`output${i}`].data.slice(row * size, (row + 1) * size),
        });
  const totals = found.map((parts) => Math.log(parts.reduce((sum, {lse}) => sum + Math.exp(lse), 0)));
  const outputs = found.flatMap((parts, place) =>
    Array.from({length: size}, (_, i) =>
      parts.reduce((sum, {lse, output}) => sum + Math.exp(lse - totals[place]) * output[i], 0),
    ),
  );
  return [outputs, totals];
}

describe('dilatedRows', () => {
  it('and its gradient are what the definition gives, for any patterns', () => {
    fc.assert(
      fc.property(cases, ({batch, time, numHeads, size, patterns, seed}) => {
        checkKernel({
          inputs: {x: normalPlain([batch, time, numHeads, size], seed, 'x')},
          op: ({x}) => dilatedRows(x, patterns),
          reference: ({x}) => patterns.map((given) => keptRows(x, given)),
          definition: ({x}) => patterns.map((given) => keptByDefinition(x, given)),
          least: {output: 0.1, gradient: 0.1},
        });
      }),
      {numRuns: 40},
    );
  });

  it('keeps nothing alive for its gradient', () => {
    const x = tf.ones<tf.Rank.R4>([1, 6, 2, 3]);
    const before = tf.memory().numTensors;
    const gradient = tf.grad((given: tf.Tensor) => {
      const doubled = given.mul(2);
      const rows = dilatedRows(doubled, [{segmentLength: 4, dilation: 2}])[0];
      return rows.sum();
    })(x);
    expect(tf.memory().numTensors - before).toBe(1);
    expect([...gradient.dataSync()].every((value) => value === 0 || value === 2)).toBe(true);
    tf.dispose([x, gradient]);
  });

  it('refuses what are no patterns, and another rank', () => {
    const x = tf.ones([1, 4, 2, 3]);
    const refused = (patterns: unknown) => () => dilatedRows(x, patterns as DilatedPattern[]);
    expect(refused([])).toThrow(/dilatedRows: patterns is .*, but must be a list of 1 to 64 {segmentLength, dilation}/);
    expect(refused([{segmentLength: 0, dilation: 1}])).toThrow(/segmentLength is 0, but must be a whole number/);
    expect(refused([{segmentLength: 4, dilation: 1.5}])).toThrow(/dilation is 1.5, but must be a whole number/);
    expect(refused([{segmentLength: 4, ratio: 2}])).toThrow(/unknown option ratio/);
    expect(() => tf.tidy(() => dilatedRows(x.squeeze([0]), [{segmentLength: 4, dilation: 1}]))).toThrow(
      /x \[4,2,3\] must have the shape/,
    );
    x.dispose();
  });
});

describe('dilatedOffsets', () => {
  it('gives groups of heads in a row an offset', () => {
    expect(dilatedOffsets({dilation: 1}, 4)).toEqual([0, 0, 0, 0]);
    expect(dilatedOffsets({dilation: 2}, 5)).toEqual([0, 0, 0, 1, 1]);
    expect(dilatedOffsets({dilation: 8}, 3)).toEqual([0, 1, 2]);
  });
});

describe('mergeDilated', () => {
  const inputsOf = (patterns: DilatedPattern[], shape: number[], seed: number): Plains =>
    Object.fromEntries(
      patterns.flatMap((given, i) => {
        const kept = keptShape(given, shape);
        return [
          [`output${i}`, normalPlain(kept, seed, `output ${i}`)],
          [`logSumExp${i}`, normalPlain(kept.slice(0, 3), seed, `lse ${i}`)],
        ];
      }),
    );
  const run = (
    inputs: {[name: string]: tf.Tensor},
    patterns: DilatedPattern[],
    time: number,
    differentiateShares?: boolean,
  ) => {
    const found = patterns.map((_, i) => ({output: inputs[`output${i}`], logSumExp: inputs[`logSumExp${i}`]}));
    const {output, logSumExp} = mergeDilated(found, {patterns, time, differentiateShares});
    return [output, logSumExp];
  };

  it('and its gradient are what the definition gives, for any patterns', () => {
    fc.assert(
      fc.property(cases, ({batch, time, numHeads, size, patterns, seed}) => {
        const shape = [batch, time, numHeads, size];
        checkKernel({
          inputs: inputsOf(patterns, shape, seed),
          op: (inputs) => run(inputs, patterns, time),
          definition: (inputs) => mergedByDefinition(inputs, patterns, shape),
          least: {output: 0.1, gradient: 0.1},
        });
      }),
      {numRuns: 40},
    );
  });

  it('takes the shares for constants if told so', () => {
    fc.assert(
      fc.property(cases, ({batch, time, numHeads, size, patterns, seed}) => {
        const shape = [batch, time, numHeads, size];
        const fixed = inputsOf(patterns, shape, seed);
        // With the shares of these log-sum-exps, whatever others are given; their own gradient is that of their sum alone.
        checkKernel({
          inputs: fixed,
          op: (inputs) => run(inputs, patterns, time, false),
          definition: (inputs) => {
            const frozen = Object.fromEntries(
              Object.entries(inputs).map(([name, plain]) => [name, name.startsWith('logSumExp') ? fixed[name] : plain]),
            );
            return [mergedByDefinition(frozen, patterns, shape)[0], mergedByDefinition(inputs, patterns, shape)[1]];
          },
          least: {output: 0.1, gradient: 0.1},
        });
      }),
      {numRuns: 25},
    );
  });

  it('leaves out what found nothing, and gives 0 where nothing was found, at no gradient', () => {
    const patterns = [
      {segmentLength: 2, dilation: 1},
      {segmentLength: 4, dilation: 2},
    ];
    const never = Number.NEGATIVE_INFINITY;
    const output = tf.ones([2, 1, 2, 1]);
    const nothing = tf.tensor([never, 0.5, never, 0.5], [2, 1, 2]);
    const [other, others] = [tf.fill([1, 1, 2, 1], 3), tf.tensor([1, never], [1, 1, 2])];
    const merged = mergeDilated(
      [
        {output, logSumExp: nothing},
        {output: other, logSumExp: others},
      ],
      {patterns, time: 4},
    );
    expect([...merged.output.dataSync()]).toEqual([3, 1, 0, 1]);
    expect([...merged.logSumExp.dataSync()]).toEqual([1, 0.5, never, 0.5]);
    const gradient = tf.grad((given: tf.Tensor) =>
      mergeDilated(
        [
          {output: given, logSumExp: nothing},
          {output: other, logSumExp: others},
        ],
        {patterns, time: 4},
      )
        .output.sum()
        .asScalar(),
    )(output);
    expect([...gradient.dataSync()]).toEqual([0, 1, 0, 1]);
    tf.dispose([output, nothing, other, others, merged.output, merged.logSumExp, gradient]);
  });

  it('refuses what no pattern can have found', () => {
    const patterns = [{segmentLength: 2, dilation: 1}];
    const found = {output: tf.ones([2, 1, 2, 1]), logSumExp: tf.ones([2, 1, 2])};
    expect(() => mergeDilated([], {patterns, time: 4})).toThrow(
      /found is .*, but must be a list .* one for each pattern/,
    );
    expect(() => mergeDilated([found], {patterns, time: 0})).toThrow(/time is 0, but must be a whole number/);
    expect(() => mergeDilated([found], {patterns: [{segmentLength: 3, dilation: 1}], time: 4})).toThrow(
      /found has output \[2,1,2,1\] .* for pattern 0, but must have \[2,1,3,1\]/,
    );
    tf.dispose([found.output, found.logSumExp]);
  });
});
