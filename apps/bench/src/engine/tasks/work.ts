import {countWeights} from './model';
import type {ModelSize, Operation, Task, TaskOf, Work} from './task';
import {sizeOf} from './values';

const floatBytes = 4;

/** What an exponential costs at float32: a polynomial of degree 6 and taking the exponent apart. */
const exponential = 20;

const elementWise = (perElement: number) => (shape: readonly number[]) => ({
  operations: perElement * sizeOf(shape),
  bytes: 2 * floatBytes * sizeOf(shape),
});

const reduction = ({shape, axis}: {shape: readonly number[]; axis: number | null}): Work => {
  const size = sizeOf(shape);
  const results = axis === null ? 1 : size / (shape.at(axis) as number);
  return {operations: size, bytes: floatBytes * (size + results)};
};

/** q kᵀ and p v for every pair of positions that sees each other, with an exponential each. */
function attentionOperations([batch, heads, time, size]: readonly number[]): number {
  return batch * heads * ((time * (time + 1)) / 2) * (4 * size + exponential);
}

function forwardOperations(model: ModelSize, batch: number, time: number): number {
  const {hiddenSize, numLayers, numHeads} = model;
  const attention = attentionOperations([batch, numHeads, time, hiddenSize / numHeads]);
  return 2 * batch * time * countWeights(model) + numLayers * attention;
}

/** A recurrence whose state is a matrix, with gradients: what is done for each of its numbers at a position, and three times. */
function recurrence(perNumber: number, tensors: number) {
  return ({shape}: {shape: readonly number[]}): Work => ({
    operations: 3 * perNumber * sizeOf(shape) * (shape.at(-1) as number),
    // Inputs and the gradients by them.
    bytes: 2 * tensors * floatBytes * sizeOf(shape),
  });
}

const works: {[Name in Operation]: (task: TaskOf<Name>) => Work} = {
  multiplyAdd: ({operations}) => ({operations, bytes: 0}),
  matMul({a, b, transposeA, transposeB}) {
    const inner = a.at(transposeA ? -2 : -1) as number;
    const columns = b.at(transposeB ? -2 : -1) as number;
    const size = (sizeOf(a) / inner) * columns;
    return {operations: 2 * size * inner, bytes: floatBytes * (sizeOf(a) + sizeOf(b) + size)};
  },
  softmax: ({shape}) => elementWise(exponential + 4)(shape),
  layerNorm: ({shape}) => elementWise(8)(shape),
  gelu: ({shape}) => elementWise(exponential + 10)(shape),
  exp: ({shape}) => elementWise(exponential)(shape),
  chain: ({shape}) => elementWise(exponential + 6)(shape),
  transpose: ({shape}) => elementWise(0)(shape),
  sum: reduction,
  max: reduction,
  argMax: reduction,
  fft({shape}) {
    const length = shape.at(-1) as number;
    return {operations: 5 * sizeOf(shape) * Math.log2(length), bytes: 4 * floatBytes * sizeOf(shape)};
  },
  realFft({shape}) {
    const length = shape.at(-1) as number;
    return {operations: 2.5 * sizeOf(shape) * Math.log2(length), bytes: 2 * floatBytes * sizeOf(shape)};
  },
  // Transforms, of twice as many numbers, of x, the output and both their gradients, and of the filter and its gradient.
  longConvolution({shape}) {
    const [, time] = shape;
    const sizes = 4 * sizeOf(shape) + 2 * sizeOf(shape.slice(1));
    return {operations: 5 * sizes * Math.log2(2 * time), bytes: floatBytes * sizes};
  },
  attention: ({shape}) => ({operations: attentionOperations(shape), bytes: 4 * floatBytes * sizeOf(shape)}),
  // Forward 2 products of each pair of positions; backward the scores again, and 4 more.
  attentionGradient: ({shape}) => ({
    operations: 3.5 * attentionOperations(shape),
    bytes: 8 * floatBytes * sizeOf(shape),
  }),
  weightedAverageScan: ({shape}) => ({
    operations: 3 * (2 * exponential + 12) * sizeOf(shape),
    bytes: 6 * floatBytes * sizeOf(shape),
  }),
  linearRecurrence: recurrence(5, 5),
  deltaRule: recurrence(9, 7),
  // The softmax and its gradient; and for each of 2 labels + 1 states, forwards and backwards, a logarithm of a sum of three.
  ctcLoss({shape, labels}) {
    const states = ((2 * labels + 1) * sizeOf(shape)) / (shape.at(-1) as number);
    return {
      operations: 2 * (exponential + 4) * sizeOf(shape) + 2 * (4 * exponential + 10) * states,
      bytes: 3 * floatBytes * sizeOf(shape),
    };
  },
  trainingStep: ({model, batch, time}) => ({
    operations: 3 * forwardOperations(model, batch, time),
    // Weights, gradients and both moments, read and written.
    bytes: 8 * floatBytes * countWeights(model),
  }),
  decode: ({model, tokens}) => ({
    operations: tokens * forwardOperations(model, 1, 1),
    bytes: tokens * floatBytes * countWeights(model),
  }),
};

/** What a task needs at least. */
export function workOf(task: Task): Work {
  return (works[task.operation] as (task: Task) => Work)(task);
}
