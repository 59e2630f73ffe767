import type {GoldenCase} from './golden-case';

/** What holds where a case does not say otherwise. */
const usual = {output: 1e-5, grad: 1e-4};

/**
 * The allowed error of a stored tensor: `grad` for gradients of any prefix (`grad.w`, `chunkwise.grad.w`, `truegrad.w`),
 * that of its own prefix (`final` for `final.w`) where the case has one, else `output`.
 */
export function toleranceOf(name: string, {tolerance = {}}: GoldenCase['description']): number {
  if (name.includes('grad.')) return tolerance.grad ?? usual.grad;
  return tolerance[name.split('.')[0]] ?? tolerance.output ?? usual.output;
}
