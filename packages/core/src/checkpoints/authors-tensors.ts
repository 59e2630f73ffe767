import * as tf from '@tensorflow/tfjs';
import {CheckpointError} from '../errors';
import {countOf} from '../files/dtypes';
import type {HeaderEntry} from '../files/safetensors-write';
import {shapeText} from '../files/text';
import type {CheckpointModel} from './layout';
import {type PairedWeight, pairWeights, stacksOf} from './pairs';

/** A tensor of the authors' file, to be written; its values are fetched part by part when they are needed. */
export interface AuthorsTensor extends HeaderEntry {
  values(): AsyncIterable<Float32Array>;
}

/** Values that are fetched at a time, 16 MiB of them: large tensors would take up as much again. */
const partSize = 2 ** 22;

/** All tensors of a model as its layout's authors would save them: weights, aliases, then the constants they carry. */
export function authorsTensors<Config>(model: CheckpointModel<Config>): AuthorsTensor[] {
  const weights = stacksOf(pairWeights(model)).map(
    (stack): AuthorsTensor => ({
      name: stack[0].mapping.theirs,
      dtype: 'F32',
      shape: stack[0].shape,
      values: () => valuesOf(stack),
    }),
  );
  const constants = Object.entries(model.layout.buffers?.(model.config) ?? {}).map(
    ([name, {shape, data}]): AuthorsTensor => {
      if (countOf(shape) !== data.length)
        throw new CheckpointError(
          `layout ${model.layout.name}: buffer "${name}" of shape ${shapeText(shape)} has ${data.length} values`,
        );
      return {name, dtype: 'F32', shape, values: () => once(data)};
    },
  );
  const tensors = [...weights, ...constants];
  assertDifferentNames(tensors, model.layout.name);
  return tensors;
}

async function* once(values: Float32Array): AsyncGenerator<Float32Array> {
  yield values;
}

/** Whole tensors of several weights, one after the other. */
async function* valuesOf(stack: readonly PairedWeight[]): AsyncGenerator<Float32Array> {
  for (const pair of stack) yield* rowsOf(pair);
}

/** The values of a weight in its authors' order. */
async function* rowsOf({mapping, variable}: PairedWeight): AsyncGenerator<Float32Array> {
  const [first = 1, ...others] = variable.shape as number[];
  const [allRows, columns] = mapping.transpose ? [others[0], first] : [first, countOf(others)];
  const {start: begin, count: rows} = mapping.part ?? {start: 0, count: allRows};
  const most = Math.max(1, Math.floor(partSize / columns));
  for (let done = 0; done < rows; done += most) {
    const [start, count] = [begin + done, Math.min(most, rows - done)];
    const part = tf.tidy(() => {
      const values = mapping.transpose ? variable.read() : variable.read().reshape([allRows, columns]);
      const chosen = mapping.order?.slice(done, done + count).map((row) => begin + row);
      if (mapping.transpose)
        return (chosen ? tf.gather(values, chosen, 1) : values.slice([0, start], [-1, count])).transpose();
      return chosen ? tf.gather(values, chosen, 0) : values.slice([start, 0], [count, -1]);
    });
    try {
      const values = await part.data<'float32'>();
      yield mapping.reciprocal ? values.map((value) => 1 / value) : values;
    } finally {
      part.dispose();
    }
  }
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
