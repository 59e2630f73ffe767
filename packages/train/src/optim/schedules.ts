/** What a learning rate's course depends on. */
export interface ScheduleSettings {
  /** The highest rate, after the warm-up. */
  learningRate: number;
  /** Steps in which the rate rises. */
  warmupSteps: number;
  /** The rate from `decaySteps` on. */
  minLearningRate: number;
  /** The step at which the rate has come down; Infinity when it never does. */
  decaySteps: number;
}

/** The learning rate of a step, which counts from 0. */
export type Schedule = (step: number, settings: ScheduleSettings) => number;

/** nanoGPT's warm-up: from learningRate / (warmupSteps + 1) up; undefined behind it. */
function warmup(step: number, {learningRate, warmupSteps}: ScheduleSettings): number | undefined {
  return step < warmupSteps ? (learningRate * (step + 1)) / (warmupSteps + 1) : undefined;
}

/** From the end of the warm-up to `decaySteps`, 0 to 1. */
function progress(step: number, {warmupSteps, decaySteps}: ScheduleSettings): number {
  return step >= decaySteps ? 1 : (step - warmupSteps) / (decaySteps - warmupSteps);
}

/** The warm-up, then `learningRate`. */
const constant: Schedule = (step, settings) => warmup(step, settings) ?? settings.learningRate;

/** The warm-up, then straight down to `minLearningRate`. */
const linear: Schedule = (step, settings) => {
  const {learningRate, minLearningRate} = settings;
  return warmup(step, settings) ?? minLearningRate + (learningRate - minLearningRate) * (1 - progress(step, settings));
};

/** The warm-up, then half a wave of a cosine down to `minLearningRate`, as in nanoGPT's train.py. */
const cosine: Schedule = (step, settings) => {
  const {learningRate, minLearningRate} = settings;
  const share = (1 + Math.cos(Math.PI * progress(step, settings))) / 2;
  return warmup(step, settings) ?? minLearningRate + (learningRate - minLearningRate) * share;
};

/**
 * In proportion to min(1 / sqrt(step), step / warmupSteps^1.5), steps from 1, highest at the end of the warm-up (Vaswani
 * et al. 2017, equation 3, whose highest rate is 1 / sqrt(hiddenSize warmupSteps)).
 */
const inverseSquareRoot: Schedule = (step, {learningRate, warmupSteps}) => {
  const peak = Math.max(1, warmupSteps);
  return learningRate * Math.min(Math.sqrt(peak / (step + 1)), (step + 1) / peak);
};

/** The courses of a learning rate that have a name: pure functions of the step. */
export const schedules = {constant, linear, cosine, inverseSquareRoot} satisfies Record<string, Schedule>;

/** The name of one of the {@link schedules}. */
export type ScheduleName = keyof typeof schedules;
