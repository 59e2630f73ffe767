import * as tf from '@tensorflow/tfjs';
import type {RotaryAngles, RotaryPairing} from '../../../kernels/rotary-embedding';
import type {SimdBackend} from '../backend';
import {borrowing} from './borrowed';
import {joinedAxes, stridesOf} from './copy';
import {type FusedCall, floatBits, fusedKernel, type SimdKernel} from './kernel';

/** Rows of a piece; see `assembly/rotary.ts`. */
const ROWS = 64;

type Call = FusedCall<{pairing: RotaryPairing}>;

/** Rows from one index to the next along each of `rank` axes that a table is broadcast over. */
function stepsOf(shape: number[], rank: number): number[] {
  const padded = [...Array(rank - shape.length).fill(1), ...shape];
  const strides = stridesOf(padded);
  return padded.map((size, axis) => (size === 1 ? 0 : strides[axis]));
}

function turn(
  [x, cos, sin]: tf.TensorInfo[],
  backend: SimdBackend,
  {attributes}: Call,
  direction: 1 | -1,
): tf.TensorInfo[] {
  const half = x.shape[x.shape.length - 1] / 2;
  const output = backend.output(x.shape);
  const [leading, ...tables] = [x, cos, sin].map(({shape}) => shape.slice(0, -1));
  const rows = tf.util.sizeFromShape(leading);
  if (rows * half === 0) return [output];
  const addresses = [x, cos, sin].map((tensor) => backend.address(tensor));
  const args = [...addresses, output.address, rows, half, attributes.pairing === 'interleaved' ? 1 : 0];
  const [cosSteps, sinSteps] = tables.map((shape) => stepsOf(shape, leading.length));
  const axes = joinedAxes(leading.map((size, axis) => ({size, from: cosSteps[axis], to: sinSteps[axis]})));
  args.push(floatBits(direction), axes.length);
  for (const {size, from, to} of axes) args.push(size, 4 * half * from, 4 * half * to);
  backend.threads.run('jobRotary', args, Math.ceil(rows / ROWS), 4 * rows * half);
  return [output];
}

/** Values of the tables that a piece makes. */
const TABLE_PIECE = 1024;

/** No sequence is longer. */
const NO_LENGTH = 2 ** 31 - 1;

/** The numbers of `assembly/rotary-tables.ts`: frequencies and factor, and those of longer sequences. */
function numbersOf({frequencies, factor = 1, beyond}: RotaryAngles): number[] {
  const within = [...frequencies, factor];
  if (!beyond) return within;
  const {exponents, kept, original, slope, temperature} = beyond.growth ?? {
    exponents: frequencies.map(() => 0),
    kept: frequencies.map(() => 1),
    original: 1,
    slope: 0,
    temperature: 0,
  };
  return [...within, ...beyond.frequencies, ...exponents, ...kept, beyond.factor ?? 1, original, slope, temperature];
}

/** The fused kernel of `rotaryTables` for positions in memory. */
const rotaryTables = fusedKernel<RotaryAngles>('RotaryTables', ([positions], backend, {attributes: angles}) => {
  const rows = positions.shape[0];
  const half = angles.frequencies.length;
  const [cos, sin] = [0, 1].map(() => backend.output([rows, half]));
  const pieceRows = Math.ceil(TABLE_PIECE / Math.max(1, half));
  const numbers = numbersOf(angles);
  borrowing(backend, (borrowed) => {
    const address = borrowed.floats(2 * numbers.length);
    new Float64Array(backend.memoryBlocks.memory.buffer, address, numbers.length).set(numbers);
    const length = Math.min(angles.beyond?.length ?? NO_LENGTH, NO_LENGTH);
    const args = [backend.address(positions), address, cos.address, sin.address, rows, half, pieceRows, length];
    backend.threads.run('jobRotaryTables', args, Math.ceil(rows / pieceRows), 32 * rows * half);
  });
  return [cos, sin];
});

/** The fused kernels of `kernels/rotary-embedding`: tables, a rotation, and the rotation back. */
export const rotaryKernels: readonly SimdKernel[] = [
  rotaryTables,
  fusedKernel<{pairing: RotaryPairing}>('RotaryEmbedding', (tensors, backend, call) => turn(tensors, backend, call, 1)),
  fusedKernel<{pairing: RotaryPairing}>('RotaryEmbeddingGradient', ([dy, , cos, sin], backend, call) =>
    turn([dy, cos, sin], backend, call, -1),
  ),
];
