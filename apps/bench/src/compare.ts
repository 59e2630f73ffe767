import {execFileSync} from 'node:child_process';
import {cpus} from 'node:os';
import {byteTokenizer, start} from '@variants/core';
import {evaluate, readText, textWindows, train} from '@variants/train';
import type {Contestant} from './architectures';
import {measureDecoding, median, sampleText} from './measure';
import type {BenchOptions} from './options';
import type {ArchitectureResult, BenchReport, CurvePoint} from './results';

/** Held-out windows that the score is taken over; enough for the second decimal. */
const VALIDATION_WINDOWS = 256;

type TextData = ReturnType<typeof textWindows>;

/** Trains, scores and times one architecture. */
async function measureArchitecture(
  {card, create}: Contestant,
  {training, validation}: TextData,
  prompt: readonly number[],
  options: BenchOptions,
  signal: AbortSignal,
): Promise<ArchitectureResult> {
  const {parameters, sequenceLength, batchSize, learningRate, seed} = options;
  const contexts = [64, 128, 256, 512];
  // Room behind the longest context for the tokens that are timed there.
  const maxSequenceLength = Math.max(sequenceLength, 2 * contexts[contexts.length - 1]);
  const model = create({parameters, vocabSize: byteTokenizer.vocabSize, maxSequenceLength}, seed);
  try {
    const run = train(model, training, {
      seconds: options.budget,
      batchSize,
      learningRate,
      seed,
      schedule: 'cosine',
      signal,
    });
    const curve: CurvePoint[] = [];
    const speeds: number[] = [];
    let tokens = 0;
    process.stderr.write(`${card.title}, ${model.countParams().toLocaleString('en')} parameters\n`);
    for await (const step of run.withProgress()) {
      tokens += step.tokens;
      speeds.push(step.tokensPerSecond);
      curve.push({step: step.number, seconds: step.seconds, bitsPerByte: step.loss / Math.LN2});
    }
    const {bitsPerByte} = await evaluate(model, validation, {maxTokens: VALIDATION_WINDOWS * sequenceLength});
    return {
      name: card.name,
      title: card.title,
      config: model.config,
      parameters: model.countParams(),
      steps: curve.length,
      tokens,
      tokensPerSecond: median(speeds),
      bitsPerByte,
      trainingCurve: smooth(curve),
      decoding: await measureDecoding(model, prompt, contexts),
      sample: await sampleText(model, 'Call me', seed),
    };
  } finally {
    model.dispose();
  }
}

/** At most 100 points, each the mean of the steps up to it. */
function smooth(curve: CurvePoint[]): CurvePoint[] {
  const width = Math.max(1, Math.ceil(curve.length / 100));
  const points: CurvePoint[] = [];
  for (let i = 0; i < curve.length; i += width) {
    const group = curve.slice(i, i + width);
    const mean = group.reduce((sum, point) => sum + point.bitsPerByte, 0) / group.length;
    points.push({...group[group.length - 1], bitsPerByte: mean});
  }
  return points;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown (no git checkout)';
  }
}

/**
 * Runs the whole comparison, one architecture after the other.
 * @param signal Ends it early: the report then holds the architectures that were done.
 */
export async function compare(
  contestants: readonly Contestant[],
  options: BenchOptions,
  signal: AbortSignal,
): Promise<BenchReport> {
  const engine = await start({engine: options.backend});
  const text = await readText(options.text);
  const data = textWindows(text, {sequenceLength: options.sequenceLength, tokenizer: byteTokenizer});
  const prompt = byteTokenizer.encode(text.slice(0, 2048));
  const results: ArchitectureResult[] = [];
  for (const contestant of contestants) {
    try {
      results.push(await measureArchitecture(contestant, data, prompt, options, signal));
    } catch (error) {
      if (!signal.aborted) throw error;
      break;
    }
  }
  return {
    command: `pnpm start ${process.argv.slice(2).join(' ')}`.trim(),
    date: new Date().toISOString(),
    commit: commit(),
    engine,
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`,
    seed: options.seed,
    text: options.text,
    budgetSeconds: options.budget,
    sequenceLength: options.sequenceLength,
    batchSize: options.batchSize,
    learningRate: options.learningRate,
    results,
  };
}
