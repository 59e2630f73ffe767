import * as tf from '@tensorflow/tfjs';
import {EngineError} from './errors';

let isChosen = false;

/** To be called when a program has chosen its engine: nobody need tell it how. */
export function engineIsChosen(): void {
  isChosen = true;
}

/**
 * Says once, on standard error or the console, that a program computes on an engine that tfjs chose for want of a call of
 * `start`; in place of tfjs's own hint, which recommends a native package. To be called before a model's weights are made.
 *
 * tfjs's choice cannot be ours: the engine `simd` takes a moment to start, and a model is made at once.
 */
export function noticeUnchosenEngine(): void {
  if (isChosen || tf.env().getBool('IS_TEST')) return;
  isChosen = true;
  // There is none until tfjs needs one and takes its own, as it does where it is asked for it.
  const isTfjsChoice = !tf.getBackend();
  if (isTfjsChoice) chooseBackend();
  const name = tf.getBackend();
  if (name === 'simd' || !(isTfjsChoice || name === 'cpu')) return;
  tf.enableProdMode();
  console.warn(
    `@variants: this program runs on tfjs's engine ${name}; call "await start()" of @variants/core before the first model for one that is many times faster, or start({engine: '${name}'}) to keep it`,
  );
}

function chooseBackend(): void {
  try {
    tf.backend();
  } catch (cause) {
    // tfjs would take a GPU, which takes a moment to start.
    throw new EngineError('no engine is started; call "await start()" of @variants/core before the first model', {
      cause,
    });
  }
}
