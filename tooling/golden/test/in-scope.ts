import * as tf from '@tensorflow/tfjs';

/** `tf.tidy` around what takes its time. */
export async function inScope<Result>(run: () => Promise<Result>): Promise<Result> {
  const engine = tf.engine();
  engine.startScope();
  try {
    return await run();
  } finally {
    engine.endScope();
  }
}
