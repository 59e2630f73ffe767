import {CheckpointError} from '../errors';
import {countOf} from './dtypes';
import type {CheckpointModel} from './layout';
import {type PairedWeight, pairWeights, stacksOf} from './pairs';
import type {HeaderEntry} from './safetensors-write';
import {transposed} from './strided';
import {shapeText} from './text';

/** A tensor of the authors' file, to be written; its values are fetched when they are needed. */
export interface AuthorsTensor extends HeaderEntry {
  values(): Promise<Float32Array>;
}

/** All tensors of a model as its layout's authors would save them: weights, aliases, then the constants they carry. */
export function authorsTensors<Config>(model: CheckpointModel<Config>): AuthorsTensor[] {
  const weights = stacksOf(pairWeights(model)).map(
    (stack): AuthorsTensor => ({
      name: stack[0].mapping.theirs,
      dtype: 'F32',
      shape: stack[0].shape,
      values: () => (stack.length === 1 ? valuesOf(stack[0]) : stackedValues(stack)),
    }),
  );
  const constants = Object.entries(model.layout.buffers?.(model.config) ?? {}).map(
    ([name, {shape, data}]): AuthorsTensor => {
      if (countOf(shape) !== data.length)
        throw new CheckpointError(
          `layout ${model.layout.name}: buffer "${name}" of shape ${shapeText(shape)} has ${data.length} values`,
        );
      return {name, dtype: 'F32', shape, values: async () => data};
    },
  );
  const tensors = [...weights, ...constants];
  assertDifferentNames(tensors, model.layout.name);
  return tensors;
}

async function valuesOf({mapping, variable}: PairedWeight): Promise<Float32Array> {
  const values = await variable.read().data<'float32'>();
  const [inputs, outputs] = variable.shape as number[];
  return mapping.transpose ? transposed(values, inputs, outputs) : values;
}

/** Whole tensors of several weights, one after the other. */
async function stackedValues(stack: readonly PairedWeight[]): Promise<Float32Array> {
  const values = new Float32Array(countOf(stack[0].shape));
  let filled = 0;
  for (const pair of stack) {
    values.set(await valuesOf(pair), filled);
    filled += countOf(pair.ownShape);
  }
  return values;
}

function assertDifferentNames(tensors: readonly AuthorsTensor[], layout: string): void {
  const seen = new Set<string>();
  for (const {name, shape} of tensors) {
    if (seen.has(name))
      throw new CheckpointError(
        `layout ${layout}: names two tensors "${name}", the second of shape ${shapeText(shape)}`,
      );
    seen.add(name);
  }
}
