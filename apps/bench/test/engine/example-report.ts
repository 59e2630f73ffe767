import type {EngineReport} from '../../src/engine/report';
import type {Outcome} from '../../src/engine/sampling';

const times = (...milliseconds: number[]): Outcome => ({milliseconds, result: [1]});
const seen = (peer: string, threads: number, outcome: Outcome) => ({peer, threads, outcome});

/** A run of three groups: enough for floors. One thread computes 50 operations per nanosecond, two 100. */
export const exampleReport: EngineReport = {
  command: 'pnpm bench:engine --json run.json',
  date: '2026-01-02T03:04:05.000Z',
  commit: '0123abc',
  machine: 'A processor, 2 cores, Node v20.19.0',
  samples: 3,
  seconds: 1,
  peers: [
    {name: 'simd', title: 'simd', threads: [1, 2], isPartial: false},
    {name: 'wasm', title: 'tfjs wasm', threads: [1], isPartial: false},
    {name: 'torch', title: 'PyTorch', threads: [1, 2], isPartial: false},
    {name: 'c', title: 'plain C', threads: [1], isPartial: true},
  ],
  missing: [{title: 'jax-js', reason: 'it is not here'}],
  groups: [
    {
      name: 'memory',
      title: 'Reading memory',
      unit: 'GB/s',
      cases: [
        {
          name: 'read 256 MB',
          work: {operations: 0, bytes: 200e6},
          measurements: [seen('simd', 1, times(10)), seen('simd', 2, times(8)), seen('c', 1, times(10))],
        },
        {
          name: 'read 4 MB',
          work: {operations: 0, bytes: 4e6},
          measurements: [seen('simd', 1, times(0.1)), seen('simd', 2, times(0.08)), seen('c', 1, times(0.1))],
        },
      ],
    },
    {
      name: 'peak',
      title: 'Multiply-adds',
      unit: 'GFLOP/s',
      cases: [
        {
          name: 'multiply-add',
          work: {operations: 1e9, bytes: 0},
          measurements: [seen('simd', 1, times(20)), seen('simd', 2, times(10)), seen('torch', 1, {none: true})],
        },
      ],
    },
    {
      name: 'matmul',
      title: 'Matrix products',
      unit: 'GFLOP/s',
      cases: [
        {
          name: '512 a·b',
          work: {operations: 1e9, bytes: 3e6},
          measurements: [
            seen('simd', 1, times(30, 25, 20)),
            seen('simd', 2, times(12.5)),
            seen('wasm', 1, times(500)),
            seen('torch', 1, times(8)),
            seen('torch', 2, times(5)),
            seen('c', 1, {none: true}),
          ],
        },
        {
          name: 'a copy',
          work: {operations: 0, bytes: 50e6},
          measurements: [
            seen('simd', 1, times(4)),
            seen('simd', 2, {error: 'out of memory'}),
            seen('wasm', 1, {tooLong: 20}),
            seen('torch', 1, {none: true}),
            seen('torch', 2, {none: true}),
            seen('c', 1, {none: true}),
          ],
        },
      ],
    },
  ],
  unfinished: [],
};
