import {VariantsError} from '@variants/core';

/** A training's loss or gradients are no finite numbers any more. The weights are those before the step. */
export class DivergenceError extends VariantsError {
  constructor(
    /** The step that failed, from 1. */
    readonly step: number,
    message: string,
  ) {
    super(message);
  }
}
