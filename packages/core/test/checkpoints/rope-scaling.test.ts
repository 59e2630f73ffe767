import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readRopeScaling, scaledFromLength, writeRopeScaling} from '../../src/checkpoints/rope-scaling';
import {CheckpointError} from '../../src/errors';
import type {RopeScaling} from '../../src/kernels/rotary-embedding/rope-scaling';

const factor = fc.double({min: 1, max: 64, noNaN: true});
const originalMaxSequenceLength = fc.integer({min: 2, max: 10000});
const above = fc.double({min: 0.1, max: 3, noNaN: true});
const factors = fc.array(above, {minLength: 1, maxLength: 4});
const ramp = {
  betaFast: fc.constantFrom(12, 32),
  betaSlow: fc.constantFrom(1, 2),
  truncate: fc.boolean(),
  extrapolationFactor: fc.constantFrom(0.5, 1),
  attentionScale: above,
};

const record = <Type extends RopeScaling['type']>(
  type: Type,
  required: {[field: string]: fc.Arbitrary<unknown>},
  optional: {[field: string]: fc.Arbitrary<unknown>} = {},
) =>
  fc
    .record({...required, ...optional}, {requiredKeys: Object.keys(required)})
    .map((fields) => ({type, ...fields}) as unknown as RopeScaling);

const anyScaling = fc.oneof(
  record('linear', {factor}),
  record('ntk', {factor}),
  record('dynamic', {factor, originalMaxSequenceLength}),
  record('dynamicLinear', {originalMaxSequenceLength}),
  record('ntkByParts', {factor, originalMaxSequenceLength}, {ntkFactor: fc.constant(0.5)}),
  record(
    'yarn',
    {factor, originalMaxSequenceLength},
    {attentionFactor: above, mscale: above, mscaleAllDim: above, ...ramp},
  ),
  record(
    'dynamicYarn',
    {originalMaxSequenceLength},
    {maxSequenceLength: fc.integer({min: 10001, max: 20000}), finetuned: fc.boolean(), ...ramp},
  ),
  record(
    'longrope',
    {shortFactors: factors, longFactors: factors, originalMaxSequenceLength, factor},
    {attentionFactor: above},
  ),
  fc.tuple(factor, originalMaxSequenceLength).map(([s, length]) => ({
    type: 'llama3' as const,
    factor: s,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxSequenceLength: length,
  })),
);

const written = (scaling: RopeScaling | null) =>
  JSON.parse(
    JSON.stringify({max_position_embeddings: scaledFromLength(scaling) ?? 123456, ...writeRopeScaling(scaling)}),
  );

describe('rope_scaling', () => {
  it('of any type is read back as it was written, under either name', () => {
    fc.assert(
      fc.property(anyScaling, (scaling) => {
        const json = written(scaling);
        expect(readRopeScaling(json, 'file')).toEqual(scaling);
        const {rope_scaling, ...beside} = json;
        expect(readRopeScaling({...beside, rope_parameters: {rope_theta: 10000, ...rope_scaling}}, 'file')).toEqual(
          scaling,
        );
      }),
    );
    expect(readRopeScaling(written(null), 'file')).toBeNull();
  });

  it("has Hugging Face's names", () => {
    const yarn = {type: 'yarn', factor: 4, originalMaxSequenceLength: 64, betaFast: 4, mscaleAllDim: 0.5} as const;
    expect(written(yarn).rope_scaling).toEqual({
      rope_type: 'yarn',
      factor: 4,
      original_max_position_embeddings: 64,
      beta_fast: 4,
      mscale_all_dim: 0.5,
    });
    const dynamic = written({type: 'dynamic', factor: 2, originalMaxSequenceLength: 16});
    expect(dynamic).toEqual({
      rope_scaling: {rope_type: 'dynamic', type: 'dynamic', factor: 2},
      max_position_embeddings: 16,
    });
  });

  it('may be of the older form, or say that there is none', () => {
    expect(readRopeScaling({rope_scaling: {type: 'linear', factor: 4}}, 'file')).toEqual({type: 'linear', factor: 4});
    const none = [null, undefined, {rope_type: 'default'}, {rope_theta: 10000}, {type: 'default', factor: 1}];
    for (const rope_scaling of none) expect(readRopeScaling({rope_scaling}, 'file')).toBeNull();
  });

  it('takes lengths and the factor from beside it', () => {
    const lists = {short_factor: [1, 1], long_factor: [2, 3]};
    const beside = {max_position_embeddings: 512, original_max_position_embeddings: 64};
    const longrope = {
      type: 'longrope',
      shortFactors: [1, 1],
      longFactors: [2, 3],
      originalMaxSequenceLength: 64,
      factor: 8,
    };
    for (const type of ['longrope', 'su'])
      expect(readRopeScaling({...beside, rope_scaling: {type, ...lists}}, 'file')).toEqual(longrope);
    expect(readRopeScaling({max_position_embeddings: 16, rope_scaling: {type: 'dynamic', factor: 2}}, 'file')).toEqual({
      type: 'dynamic',
      factor: 2,
      originalMaxSequenceLength: 16,
    });
    expect(readRopeScaling({max_position_embeddings: 64, rope_scaling: {type: 'yarn', factor: 4}}, 'file')).toEqual({
      type: 'yarn',
      factor: 4,
      originalMaxSequenceLength: 64,
    });
    const deepseek = {type: 'yarn', original_max_position_embeddings: 64};
    expect(readRopeScaling({max_position_embeddings: 256, rope_scaling: deepseek}, 'file')).toMatchObject({factor: 4});
  });

  it.each<[unknown, string]>([
    [{type: 'mrope', factor: 2}, 'is of type "mrope"; linear, ntk, dynamic, dynamic-linear, part-ntk, yarn'],
    [{factor: 2}, 'is of type undefined'],
    ['linear', 'is "linear", but must be an object or null'],
    [{type: 'linear'}, 'is {"type":"linear"}, but its factor must be a number of at least 1'],
    [{type: 'linear', factor: '2'}, 'its factor must be a number of at least 1'],
    [{type: 'linear', factor: 0.5}, 'its factor must be a number of at least 1'],
    [{rope_type: 'yarn', factor: 0.5}, 'its factor must be a number of at least 1'],
    [{rope_type: 'dynamic', factor: 2}, 'its max_position_embeddings must be a whole number of at least 1'],
    [{rope_type: 'longrope', factor: 2}, 'its short_factor must be a list of numbers above 0'],
    [
      {rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4, original_max_position_embeddings: 8},
      'its high_freq_factor must be above its low_freq_factor, 4',
    ],
    [{full_attention: {rope_type: 'default'}}, 'has parameters of its own for full_attention'],
  ])('%j is refused in one line', (rope_scaling, message) => {
    const length = JSON.stringify(rope_scaling).includes('yarn') ? {max_position_embeddings: 64} : {};
    expect(() => readRopeScaling({rope_scaling, ...length}, 'file')).toThrow(CheckpointError);
    expect(() => readRopeScaling({rope_scaling, ...length}, 'file')).toThrow(
      `file: rope_scaling ${message.startsWith('is') || message.startsWith('has') ? message : ''}`,
    );
    expect(() => readRopeScaling({rope_scaling, ...length}, 'file')).toThrow(message);
  });
});
