import {describe, expect, it} from 'vitest';
import {toleranceOf} from '../src/tolerance';

describe('toleranceOf', () => {
  const tolerance = {output: 2, grad: 3, final: 4};

  it.each([
    ['output.logits', 2],
    ['state.9.0.scale', 2],
    ['loss', 2],
    ['chunkwise.loss', 2],
    ['output.gradNorms', 2],
    ['grad.input', 3],
    ['chunkwise.grad.input.x', 3],
    ['truegrad.k_proj.bias', 3],
    ['final.transformer.wte.weight', 4],
  ])('of %s is the case’s', (name, expected) => {
    expect(toleranceOf(name, {kind: 'k', tolerance})).toBe(expected);
  });

  it('is 1e-5, for gradients 1e-4, where the case has none', () => {
    expect(toleranceOf('output.y', {kind: 'k'})).toBe(1e-5);
    expect(toleranceOf('grad.y', {kind: 'k', tolerance: {output: 1}})).toBe(1e-4);
    expect(toleranceOf('final.y', {kind: 'k', tolerance: {output: 0.5}})).toBe(0.5);
  });
});
