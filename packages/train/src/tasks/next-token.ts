import {ignoreIndex, type TaskExample} from './task';

/**
 * The example in which a language model reads a sequence [time + 1]: inputs are all tokens but the last, and the tokens at
 * the places for which `scored` holds are targets of the position before.
 */
export function nextTokenExample(sequence: readonly number[], scored: (place: number) => boolean): TaskExample {
  const next = sequence.slice(1);
  return {inputs: sequence.slice(0, -1), targets: next.map((token, t) => (scored(t + 1) ? token : ignoreIndex))};
}

/** The same, with every next token as training target. */
export function nextTokenTraining(sequence: readonly number[], scored: (place: number) => boolean): TaskExample {
  return {...nextTokenExample(sequence, scored), trainTargets: sequence.slice(1)};
}
