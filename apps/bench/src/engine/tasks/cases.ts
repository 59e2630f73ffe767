import type {ModelSize, Task} from './task';

/** In what a case's speed is shown. */
export type Unit = 'ms' | 'GFLOP/s' | 'GB/s' | 'tokens/s';

/** Something that is measured. */
export interface Case {
  /** Short, for a table of its group. */
  name: string;
  task: Task;
}

/** Cases that belong together, a table. */
export interface Group {
  /** As on the command line. */
  name: string;
  /** A heading. */
  title: string;
  unit: Unit;
  cases: Case[];
}

/** How large everything is. */
export interface Sizes {
  multiplyAdds: number;
  /** Numbers that fit into no cache, and numbers that fit into one. */
  reads: readonly [number, number];
  matrices: readonly number[];
  /** Matrices and their size. */
  batched: readonly [number, number];
  /** Rows and columns of what is done element by element or row by row. */
  rows: readonly [number, number];
  heads: readonly [number, number, number, number];
  channels: readonly [number, number];
  /** Batch, time, heads and their size. */
  scans: readonly [number, number, number, number];
  /** Batch, time, classes and labels of speech. */
  speech: readonly (readonly [number, number, number, number])[];
  /** Rows of a batch of long convolutions. */
  convolved: readonly number[];
  /** Lengths of attention. */
  times: readonly number[];
  training: {model: ModelSize; batch: number; time: number};
  decoding: {name: string; model: ModelSize}[];
  /** How many are decoded. */
  tokens: number;
}

/** Sizes of the comparison. */
export const fullSizes: Sizes = {
  multiplyAdds: 2 ** 31,
  reads: [2 ** 26, 2 ** 20],
  matrices: [64, 128, 256, 512, 1024],
  batched: [8, 256],
  rows: [1024, 1024],
  heads: [8, 128, 4, 32],
  channels: [128, 8192],
  scans: [1, 1024, 4, 64],
  speech: [
    [16, 250, 32, 40],
    [4, 250, 5000, 40],
    [1, 2000, 32, 300],
  ],
  convolved: [1, 4],
  times: [256, 1024, 4096],
  training: {
    model: {vocabSize: 256, hiddenSize: 128, numLayers: 2, numHeads: 4, intermediateSize: 352},
    batch: 8,
    time: 128,
  },
  decoding: [
    {
      name: '15M',
      model: {vocabSize: 32000, hiddenSize: 288, numLayers: 6, numHeads: 6, intermediateSize: 768},
    },
    {name: '1M', model: {vocabSize: 256, hiddenSize: 128, numLayers: 5, numHeads: 4, intermediateSize: 352}},
  ],
  tokens: 64,
};

/** The smallest that mean something, to try everything out. */
export const tinySizes: Sizes = {
  multiplyAdds: 1000,
  reads: [64, 16],
  matrices: [4],
  batched: [2, 4],
  rows: [4, 8],
  heads: [2, 3, 2, 4],
  channels: [2, 8],
  scans: [2, 5, 2, 4],
  speech: [[2, 6, 4, 2]],
  convolved: [2],
  times: [5],
  training: {
    model: {vocabSize: 16, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 16},
    batch: 2,
    time: 4,
  },
  decoding: [{name: 'tiny', model: {vocabSize: 16, hiddenSize: 8, numLayers: 1, numHeads: 2, intermediateSize: 16}}],
  tokens: 3,
};

const layouts = [
  {text: 'a·b', transposeA: false, transposeB: false},
  {text: 'aᵀ·b', transposeA: true, transposeB: false},
  {text: 'a·bᵀ', transposeA: false, transposeB: true},
  {text: 'aᵀ·bᵀ', transposeA: true, transposeB: true},
];

function products(shape: readonly number[], name: string): Case[] {
  return layouts.map(({text, transposeA, transposeB}) => ({
    name: `${name} ${text}`,
    task: {operation: 'matMul', a: shape, b: shape, transposeA, transposeB},
  }));
}

/** Everything that is measured. */
export function groupsOf(sizes: Sizes): Group[] {
  const {reads, batched, rows, heads, channels, scans, speech, convolved, times, training, decoding, tokens} = sizes;
  const bytesOf = (numbers: number) => (numbers < 2 ** 18 ? `${4 * numbers} B` : `${numbers / 2 ** 18} MB`);
  const [numHeads, headSize] = heads.slice(2);
  return [
    {
      name: 'memory',
      title: 'Reading memory',
      unit: 'GB/s',
      cases: reads.map((numbers) => ({
        name: `read ${bytesOf(numbers)}`,
        task: {operation: 'sum', shape: [numbers], axis: null},
      })),
    },
    {
      name: 'peak',
      title: 'Multiply-adds of what is in registers',
      unit: 'GFLOP/s',
      cases: [{name: 'multiply-add', task: {operation: 'multiplyAdd', operations: sizes.multiplyAdds}}],
    },
    {
      name: 'matmul',
      title: 'Matrix products',
      unit: 'GFLOP/s',
      cases: [
        ...sizes.matrices.flatMap((size) => products([size, size], `${size}`)),
        ...products([batched[0], batched[1], batched[1]], `${batched[0]} x ${batched[1]}`),
      ],
    },
    {
      name: 'rows',
      title: `Over rows: ${rows.join(' x ')}`,
      unit: 'ms',
      cases: [
        {name: 'softmax', task: {operation: 'softmax', shape: rows}},
        {name: 'layer norm', task: {operation: 'layerNorm', shape: rows}},
      ],
    },
    {
      name: 'elements',
      title: `Element by element: ${rows.join(' x ')}`,
      unit: 'ms',
      cases: [
        {name: 'exp', task: {operation: 'exp', shape: rows}},
        {name: 'GELU (tanh)', task: {operation: 'gelu', shape: rows}},
        {name: 'sigmoid(x a + b) x + b', task: {operation: 'chain', shape: rows}},
      ],
    },
    {
      name: 'transpose',
      title: 'Transposing',
      unit: 'ms',
      cases: [
        {name: rows.join(' x '), task: {operation: 'transpose', shape: rows, axes: [1, 0]}},
        {name: `${heads.join(' x ')}: 0213`, task: {operation: 'transpose', shape: heads, axes: [0, 2, 1, 3]}},
      ],
    },
    {
      name: 'reduce',
      title: `Reductions of ${rows.join(' x ')}`,
      unit: 'ms',
      cases: [
        {name: 'sum over the last axis', task: {operation: 'sum', shape: rows, axis: 1}},
        {name: 'sum over the first', task: {operation: 'sum', shape: rows, axis: 0}},
        {name: 'sum of all', task: {operation: 'sum', shape: rows, axis: null}},
        {name: 'max over the last axis', task: {operation: 'max', shape: rows, axis: 1}},
        {name: 'argMax over the last', task: {operation: 'argMax', shape: rows, axis: 1}},
      ],
    },
    {
      name: 'fft',
      title: `Fourier transforms: ${channels.join(' x ')}`,
      unit: 'ms',
      cases: [
        {name: 'complex', task: {operation: 'fft', shape: channels}},
        {name: 'real', task: {operation: 'realFft', shape: channels}},
      ],
    },
    {
      name: 'convolution',
      title: `Convolution with a filter as long as the sequence, with gradients: T ${channels[1]}, ${channels[0]} channels`,
      unit: 'ms',
      cases: convolved.map((batch) => ({
        name: `batch ${batch}`,
        task: {operation: 'longConvolution', shape: [batch, channels[1], channels[0]]},
      })),
    },
    {
      name: 'attention',
      title: `Causal attention: ${numHeads} heads of ${headSize}`,
      unit: 'ms',
      cases: times.flatMap((time): Case[] => {
        const shape = [1, numHeads, time, headSize];
        return [
          {name: `T ${time}`, task: {operation: 'attention', shape}},
          {name: `T ${time} with gradients`, task: {operation: 'attentionGradient', shape}},
        ];
      }),
    },
    {
      name: 'scans',
      title: `Scans with gradients: T ${scans[1]}, ${scans[2]} heads of ${scans[3]}`,
      unit: 'ms',
      cases: [
        {
          name: 'weighted average (RWKV 4)',
          task: {operation: 'weightedAverageScan', shape: [scans[0], scans[1], scans[2] * scans[3]]},
        },
        {name: 'linear recurrence (RWKV 5, 6)', task: {operation: 'linearRecurrence', shape: scans}},
        {name: 'delta rule (RWKV 7)', task: {operation: 'deltaRule', shape: scans}},
      ],
    },
    {
      name: 'speech',
      title: 'CTC loss with gradients',
      unit: 'ms',
      cases: speech.map(([batch, time, classes, labels]) => ({
        name: `batch ${batch}, T ${time}, ${classes} classes, ${labels} labels`,
        task: {operation: 'ctcLoss', shape: [batch, time, classes], labels},
      })),
    },
    {
      name: 'training',
      title: 'A step of training: loss, gradients, Adam',
      unit: 'ms',
      cases: [{name: `batch ${training.batch}, T ${training.time}`, task: {operation: 'trainingStep', ...training}}],
    },
    {
      name: 'decoding',
      title: `Decoding ${tokens} tokens of a LLaMA-shaped model`,
      unit: 'tokens/s',
      cases: decoding.map(({name, model}) => ({
        name: `${name} parameters`,
        task: {operation: 'decode', model, tokens},
      })),
    },
  ];
}
