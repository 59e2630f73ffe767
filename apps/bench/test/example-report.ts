import type {ArchitectureResult, BenchReport} from '../src/results';

/** A result like those that a run gives; steps cost what the place in the comparison says. */
export function exampleResult(name: string, place: number, more: Partial<ArchitectureResult> = {}): ArchitectureResult {
  return {
    name,
    title: name.toUpperCase(),
    config: {hiddenSize: 48, norm: '<rms>'},
    parameters: 100_080 - place,
    steps: 1234,
    tokens: 1234 * 512,
    tokensPerSecond: 28_263.4,
    bitsPerByte: 3.52549 + place,
    trainingCurve: [1, 2, 3].map((step) => ({step, seconds: step * (place + 1), bitsPerByte: 8 - step})),
    decoding: [64, 256].map((context) => ({context, millisecondsPerToken: 0.594, stateBytes: 768 * context})),
    sample: `Call me ${name}`,
    ...more,
  };
}

/** A report with such results. */
export function exampleReport(results: ArchitectureResult[], more: Partial<BenchReport> = {}): BenchReport {
  return {
    command: "pnpm start --text 'a & b.txt'",
    date: '2026-01-02T03:04:05.678Z',
    commit: 'abc1234',
    engine: 'simd',
    machine: 'a processor, 2 cores',
    seed: 7,
    text: 'a & b.txt',
    budgetSeconds: 45,
    wantedParameters: 100_000,
    sequenceLength: 64,
    batchSize: 8,
    learningRate: 0.004,
    results,
    unfinished: [],
    ...more,
  };
}
