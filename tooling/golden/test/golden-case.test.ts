import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {GoldenCase} from '../src/golden-case';
import {floats, integers, temporaryFolder, writeCase} from './made-up';

const directoryOf = (folder: string) =>
  writeCase(folder, 'small', {
    description: {kind: 'lm', tolerance: {output: 1}, chunk: 4},
    config: {d_model: 8},
    expected: {
      'input.tokens': integers([1, 2, 3, 4], [2, 2]),
      'input.probe': floats([1]),
      probe: floats([1]),
      probe2: floats([1]),
      'probe.lse': floats([1]),
      'output.y': floats([1, 2], [1, 2]),
      loss: floats([3]),
      'rel_pos.mask': floats([3]),
    },
    weights: {w: floats([1, 2], [2, 1])},
  });

describe('GoldenCase', () => {
  it('holds what stands in the files of the case', () => {
    const directory = directoryOf(temporaryFolder());
    const golden = new GoldenCase(directory, 'retnet');
    expect(golden.directory).toBe(directory);
    expect(golden.name).toBe('retnet/small');
    expect([golden.kind, golden.description.chunk, golden.config]).toEqual(['lm', 4, {d_model: 8}]);
    expect([golden.has('input.tokens'), golden.has('tokens'), golden.has('toString')]).toEqual([true, false, false]);
    expect(golden.names(/^output\./)).toEqual(['output.y']);
  });

  it('expects all but inputs and probes to be computed', () => {
    const golden = new GoldenCase(directoryOf(temporaryFolder()), 'retnet');
    expect(golden.expected.map(([name]) => name).sort()).toEqual(['loss', 'output.y', 'rel_pos.mask']);
  });

  it('gives inputs, other tensors and weights with shape and type', () => {
    const golden = new GoldenCase(directoryOf(temporaryFolder()), 'retnet');
    tf.tidy(() => {
      const tokens = golden.input('tokens');
      expect([tokens.dtype, tokens.arraySync()]).toEqual([
        'int32',
        [
          [1, 2],
          [3, 4],
        ],
      ]);
      expect(golden.integers('tokens')).toEqual([1, 2, 3, 4]);
      expect(golden.tensor('output.y').dtype).toBe('float32');
      expect(golden.weights().w.arraySync()).toEqual([[1], [2]]);
      expect(() => golden.input('other')).toThrow(/^retnet\/small: expected.safetensors has no tensor "input.other"/);
    });
  });

  it('may be without config.json', () => {
    const golden = new GoldenCase(writeCase(temporaryFolder(), 'bare', {expected: {}}), 'retnet');
    expect([golden.config, golden.expected]).toEqual([{}, []]);
  });
});
