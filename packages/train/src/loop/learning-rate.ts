import {schedules} from '../optim/schedules';
import type {TrainingPosition} from './run-description';
import type {TrainSettings} from './train-options';

/** The longest warm-up by default, in steps. */
const longestWarmup = 100;
/** That of a run without a known end. */
const endlessWarmup = 20;

/** The learning rate of the step that follows a position. */
export function learningRateAt(position: TrainingPosition, settings: TrainSettings): number {
  const {learningRate, minLearningRate} = settings;
  const schedule = typeof settings.schedule === 'function' ? settings.schedule : schedules[settings.schedule];
  const inTime = stepsInTime(position, settings);
  const warmupSteps = settings.warmupSteps ?? defaultWarmup(settings, inTime);
  const decaySteps = settings.decaySteps ?? Math.min(settings.steps, inTime);
  return schedule(position.step, {learningRate, warmupSteps, minLearningRate, decaySteps});
}

/** The steps for which the seconds will do, by the pace so far; Infinity where there is none. */
function stepsInTime({step, seconds}: TrainingPosition, settings: TrainSettings): number {
  return step === 0 ? Infinity : (step / seconds) * settings.seconds;
}

function defaultWarmup({steps, seconds}: TrainSettings, inTime: number): number {
  if (steps === Infinity && seconds === Infinity) return endlessWarmup;
  // Before the first step, whose pace is not known, this is the longest, so that the rate can only rise from there.
  return Math.min(longestWarmup, Math.ceil(steps / 10), Math.max(1, inTime / 10));
}
