import * as tf from '@tensorflow/tfjs';
import type {VariantModel} from '@variants/core';
import {type BatchSource, evaluate, type Training, train} from '@variants/train';
import type {Entrant, Field} from './entrants';

/** What an architecture cost at a length; or why it has no figures there. */
export type LengthOutcome =
  | {
      length: number;
      /** Of training steps of one sequence, in the order of the rounds. */
      stepMilliseconds: number[];
      /** Of passes that give the loss alone. */
      forwardMilliseconds: number[];
      /** Most bytes that tensors took at once in a step: weights, their moments and gradients, and all that is kept. */
      peakBytes: number;
    }
  | {length: number; missing: string};

/** What was measured of an architecture. */
export interface ScalingResult {
  kind: Field['kind'];
  name: string;
  title: string;
  claim: string;
  points: LengthOutcome[];
}

/** How thoroughly is measured. */
export interface ScalingPlan {
  lengths: readonly number[];
  /** Times that all take turns at each length. */
  rounds: number;
  /** An architecture whose step takes longer is not measured at greater lengths. */
  secondsPerStep: number;
}

/** A model at a length, with its training going on. */
interface Running {
  entrant: Entrant;
  model: VariantModel;
  run: AsyncIterator<unknown>;
  steps: number[];
  forwards: number[];
  peakBytes: number;
}

const warmUpSteps = 2;

/** Who is told what. */
export interface Listener {
  /** Ends it. */
  signal: AbortSignal;
  /** Says what goes on. */
  show(text: string): void;
  /** What needs no measuring any more. */
  known(name: string, length: number): LengthOutcome | undefined;
  /** Gets each outcome when it is there. */
  keep(entrant: Entrant, outcome: LengthOutcome): Promise<void>;
}

/**
 * Measures the architectures of a field at each length: after a warm-up all take turns, a training step and a forward pass
 * each, so that what else the machine does meets all alike.
 * @throws the signal's reason.
 */
export async function measureField(
  field: Field,
  plan: ScalingPlan,
  {signal, show, known, keep}: Listener,
): Promise<void> {
  const tooSlow = new Map<string, number>();
  for (const length of plan.lengths) {
    const running: Running[] = [];
    const source = field.source(length);
    try {
      for (const entrant of field.entrants) {
        signal.throwIfAborted();
        const before = known(entrant.name, length);
        if (before) {
          noteSpeed(tooSlow, entrant.name, before, plan);
          continue;
        }
        show(`${field.kind}, ${length} tokens: ${entrant.title}`);
        const slowAt = tooSlow.get(entrant.name);
        const missing =
          slowAt === undefined
            ? await begin(entrant, source, length, running)
            : `a step of ${slowAt} tokens took more than ${plan.secondsPerStep} s`;
        if (missing !== undefined) await keep(entrant, {length, missing});
      }
      for (let round = 0; round < plan.rounds; round++)
        for (const one of running) {
          signal.throwIfAborted();
          show(`${field.kind}, ${length} tokens, round ${round + 1} of ${plan.rounds}: ${one.entrant.title}`);
          one.steps.push(await timed(() => one.run.next()));
          one.forwards.push(await timed(() => lossOf(one.model, source)));
        }
      for (const {entrant, steps, forwards, peakBytes} of running) {
        const outcome = {length, stepMilliseconds: steps, forwardMilliseconds: forwards, peakBytes};
        noteSpeed(tooSlow, entrant.name, outcome, plan);
        await keep(entrant, outcome);
      }
    } finally {
      for (const one of running) await end(one);
    }
  }
}

function noteSpeed(slow: Map<string, number>, name: string, outcome: LengthOutcome, {secondsPerStep}: ScalingPlan) {
  if ('stepMilliseconds' in outcome && Math.min(...outcome.stepMilliseconds) > 1000 * secondsPerStep)
    slow.set(name, outcome.length);
}

/** Starts a training and warms it up; gives why that cannot be, or undefined. */
async function begin(
  entrant: Entrant,
  source: BatchSource,
  length: number,
  running: Running[],
): Promise<string | undefined> {
  let model: VariantModel | undefined;
  let run: Training | undefined;
  try {
    model = entrant.create(length);
    run = train(model, source, {steps: 1_000_000, batchSize: 1, learningRate: 1e-4});
    const iterator = run[Symbol.asyncIterator]();
    const one = {entrant, model, run: iterator, steps: [], forwards: [], peakBytes: 0};
    for (let i = 0; i < warmUpSteps; i++) await iterator.next();
    await lossOf(model, source);
    const others = running.reduce((sum, {model}) => sum + bytesOf(model), 0);
    const {peakBytes} = await tf.profile(async () => {
      await iterator.next();
      return [];
    });
    running.push({...one, peakBytes: peakBytes - others});
    return undefined;
  } catch (error) {
    await run?.[Symbol.asyncIterator]().return?.(undefined);
    model?.dispose();
    return (error as Error).message;
  }
}

/** What a model that waits for its turn holds: weights, and two moments of each. */
const bytesOf = (model: VariantModel): number => 3 * 4 * model.countParams();

async function end({model, run}: Running): Promise<void> {
  await run.return?.(undefined);
  model.dispose();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** The loss of one sequence. */
const lossOf = (model: VariantModel, source: BatchSource) =>
  evaluate(model, source, {batchSize: 1, maxTokens: source.tokensPerExample});
