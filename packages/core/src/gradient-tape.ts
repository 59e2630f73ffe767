import * as tf from '@tensorflow/tfjs';

/** Under which tfjs's engine says that this was done, to all copies of this package. */
const mended = Symbol.for('@variants/core/gradient-tape');

type Engine = ReturnType<typeof tf.engine> & {[mended]?: true};

/**
 * What the forward pass saves for the backward one tfjs frees when that is done, and forgets when either throws, be it for
 * want of memory. From here on it is freed then too.
 */
export function freeTapeOfErrors(): void {
  const engine = tf.engine() as Engine;
  if (engine[mended]) return;
  engine[mended] = true;
  const gradients = engine.gradients.bind(engine) as Engine['gradients'];
  engine.gradients = ((...given: Parameters<Engine['gradients']>) => {
    try {
      return gradients(...given);
    } catch (error) {
      freeTape(engine);
      throw error;
    }
  }) as Engine['gradients'];
}

function freeTape({state}: Engine): void {
  // What is inside another gradient is that one's to free.
  if (state.gradientDepth > 0) return;
  for (const {saved} of state.activeTape ?? []) for (const tensor of saved ?? []) tensor.dispose();
  state.activeTape = null as unknown as typeof state.activeTape;
}
