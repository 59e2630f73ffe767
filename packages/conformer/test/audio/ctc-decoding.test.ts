import * as tf from '@tensorflow/tfjs';
import {ConfigError, Random, ShapeError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CtcBeam, ctcBeamSearch, ctcGreedy, GreedyCtc} from '../../src/audio/ctc-decoding';

/** Log probabilities of a frame. */
function drawFrame(classes: number, random: Random): number[] {
  const logits = Array.from({length: classes}, () => 2 * random.normal());
  const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
  return logits.map((x) => x - Math.log(sum));
}

/** The probability of every sequence of labels, by all alignments. */
function allProbabilities(frames: number[][], blank: number): Map<string, number> {
  let alignments: {labels: number[]; last: number; p: number}[] = [{labels: [], last: blank, p: 1}];
  for (const frame of frames)
    alignments = alignments.flatMap(({labels, last, p}) =>
      frame.map((logP, k) => ({
        labels: k === blank || k === last ? labels : [...labels, k],
        last: k,
        p: p * Math.exp(logP),
      })),
    );
  const sums = new Map<string, number>();
  for (const {labels, p} of alignments) sums.set(labels.join(), (sums.get(labels.join()) ?? 0) + p);
  return sums;
}

describe('CtcBeam', () => {
  it('wants a whole number of beginnings, and a class', () => {
    expect(() => new CtcBeam({beamSize: 0, blank: 0})).toThrow(ConfigError);
    expect(() => new CtcBeam({beamSize: 3, blank: -1})).toThrow(/CtcBeam: blank is -1/);
  });

  it('remembers of a stream what its hypotheses are made of, and nothing else', () => {
    const [beamSize, frames] = [4, 300];
    const beam = new CtcBeam({beamSize, blank: 0});
    const random = new Random(1, 'frames');
    for (let t = 0; t < frames; t++) beam.push(drawFrame(12, random));
    type Prefix = {before: Prefix | null; next: Map<number, Prefix>};
    const {beam: prefixes} = beam as unknown as {beam: Prefix[]};
    const alive = new Set<Prefix>();
    for (const prefix of prefixes) for (let one: Prefix | null = prefix; one; one = one.before) alive.add(one);
    const known = (prefix: Prefix): number => [...prefix.next.values()].reduce((sum, one) => sum + known(one), 1);
    const root = [...alive].find(({before}) => before === null) as Prefix;
    expect(known(root)).toBe(alive.size);
  });

  it('is exact where nothing is pruned', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 1, max: 5}),
        fc.integer({min: 2, max: 3}),
        fc.nat(1),
        fc.nat(),
        (time, classes, blank, seed) => {
          const random = new Random(seed, 'frames');
          const frames = Array.from({length: time}, () => drawFrame(classes, random));
          const beam = new CtcBeam({beamSize: 10_000, blank});
          for (const frame of frames) beam.push(frame);
          const wanted = [...allProbabilities(frames, blank)].sort((a, b) => b[1] - a[1]);
          const found = beam.hypotheses;
          expect(found.length).toBe(wanted.length);
          for (const {labels, logProbability} of found)
            expect(Math.exp(logProbability)).toBeCloseTo(new Map(wanted).get(labels.join()) as number, 10);
          expect(found.map(({logProbability}) => logProbability)).toEqual(
            found.map(({logProbability}) => logProbability).sort((a, b) => b - a),
          );
        },
      ),
      {numRuns: 40},
    );
  });

  it('with few beginnings never says more than there is, and finds again what it dropped', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 4}), fc.nat(), (beamSize, seed) => {
        const random = new Random(seed, 'frames');
        const frames = Array.from({length: 6}, () => drawFrame(3, random));
        const beam = new CtcBeam({beamSize, blank: 0});
        for (const frame of frames) beam.push(frame);
        const exact = allProbabilities(frames, 0);
        expect(beam.hypotheses.length).toBeLessThanOrEqual(beamSize);
        for (const {labels, logProbability} of beam.hypotheses)
          expect(Math.exp(logProbability)).toBeLessThanOrEqual((exact.get(labels.join()) as number) * (1 + 1e-9));
      }),
      {numRuns: 40},
    );
  });

  it('sums up alignments, where greedy decoding takes the likeliest one', async () => {
    // a is said by three alignments of two frames, which are likelier together than silence.
    const logits = tf.tensor3d([
      [
        [Math.log(0.55), Math.log(0.45)],
        [Math.log(0.55), Math.log(0.45)],
      ],
    ]);
    expect(await ctcGreedy(logits)).toEqual([[]]);
    expect((await ctcBeamSearch(logits))[0][0].labels).toEqual([1]);
    logits.dispose();
  });
});

describe('GreedyCtc', () => {
  it('gives the same in pieces as at once', () => {
    const classes = [0, 1, 1, 0, 1, 2, 2, 0, 0, 2];
    const whole = new GreedyCtc().push(classes);
    expect(whole).toEqual([1, 1, 2, 2]);
    for (let cut = 0; cut <= classes.length; cut++) {
      const decoder = new GreedyCtc();
      expect([...decoder.push(classes.slice(0, cut)), ...decoder.push(classes.slice(cut))]).toEqual(whole);
    }
    expect(new GreedyCtc(2).push([2, 0, 0, 2, 0])).toEqual([0, 0]);
  });
});

describe('ctcGreedy and ctcBeamSearch', () => {
  it('leave out padding, and take the first of equal classes', async () => {
    const logits = tf.tensor3d([
      [
        [0, 1],
        [1, 1],
        [0, 1],
      ],
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
    ]);
    expect(await ctcGreedy(logits)).toEqual([[1, 1], [1]]);
    expect(await ctcGreedy(logits, {lengths: [1, 0]})).toEqual([[1], []]);
    const beams = await ctcBeamSearch(logits, {lengths: [3, 0], beamSize: 2});
    expect(beams[0].length).toBe(2);
    expect(beams[1]).toEqual([{labels: [], logProbability: 0}]);
    logits.dispose();
  });

  it('refuse what they cannot decode', async () => {
    const logits = tf.zeros([2, 3, 4]);
    await expect(
      ctcGreedy(
        tf.tidy(() => logits),
        {blank: 4},
      ),
    ).rejects.toThrow(/blank is 4, but must be a class, 0 to 3/);
    await expect(ctcBeamSearch(logits, {lengths: [1]})).rejects.toThrow(ShapeError);
    await expect(ctcBeamSearch(logits, {lengths: [1, 4]})).rejects.toThrow(/a length is 4, but must be 0 to 3/);
    await expect(ctcBeamSearch(logits, {beamSize: 0})).rejects.toThrow(ConfigError);
    await expect(ctcGreedy(logits, {beamSize: 1} as object)).rejects.toThrow(/unknown field beamSize/);
    const flat = tf.zeros([2, 3]);
    await expect(ctcGreedy(flat)).rejects.toThrow(/\[2,3\] must have the shape \[batch, frames, classes\]/);
    tf.dispose([logits, flat]);
  });
});
