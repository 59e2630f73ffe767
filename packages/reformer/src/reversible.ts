/**
 * Reversible residual layers (Gomez et al. 2017; Kitaev et al. 2020, section 3): the inputs of a layer follow from its
 * outputs, so that the gradient needs no activations but the last.
 *
 *     y1 = x1 + f(x2);   y2 = x2 + g(y1)           x2 = y2 - g(y1);   x1 = y1 - f(x2)
 */
import * as tf from '@tensorflow/tfjs';
import {recomputedGradients, requireArgument, requireTensors, withoutGradient} from '@variants/core';

/** A branch of a reversible layer, f or g. */
export interface ReversibleBranch {
  /**
   * The branch's function of x [batch, time, hidden].
   * @param kept What it gave as `kept` of the same x before: choices that must not be made anew, of an x that is a little
   *   off by rounding. Null the first time.
   * @param constants What it reads beside x, such as a mask.
   */
  run(x: tf.Tensor, kept: readonly tf.Tensor[] | null, constants: readonly tf.Tensor[]): BranchOutput;
  /** The weights that it depends on. */
  readonly weights: readonly tf.Tensor[];
}

/** What a branch gives. */
export interface BranchOutput {
  /** [batch, time, hidden] */
  output: tf.Tensor;
  /** Small tensors that it wants back when it is run again. */
  kept: readonly tf.Tensor[];
}

/** The two branches of a layer. */
export interface ReversibleLayer {
  f: ReversibleBranch;
  g: ReversibleBranch;
}

/** The two streams. */
export type Streams = readonly [x1: tf.Tensor, x2: tf.Tensor];

/** The streams behind each layer, with tfjs's own gradients, which keep what lies between. */
export function reversibleForward(
  streams: Streams,
  layers: readonly ReversibleLayer[],
  constants: readonly tf.Tensor[] = [],
): Streams[] {
  requireStreams('reversibleForward', streams, layers);
  let [x1, x2] = streams;
  return layers.map(({f, g}) => {
    x1 = x1.add(f.run(x2, null, constants).output);
    x2 = x2.add(g.run(x1, null, constants).output);
    return [x1, x2] as const;
  });
}

/**
 * The streams behind all layers, whose gradient computes all activations again, from the last layer to the first: memory
 * for one layer, however many there are, and what branches keep.
 * @param constants Tensors beside x that branches read, such as a mask, which must still be there in the gradient.
 * @returns [x1, x2] side by side, [batch, time, 2 hidden]
 */
export function reversible(
  streams: Streams,
  layers: readonly ReversibleLayer[],
  constants: readonly tf.Tensor[] = [],
): tf.Tensor {
  requireStreams('reversible', streams, layers);
  const [x1, x2] = streams;
  const weights = [...new Set(layers.flatMap(({f, g}) => [...f.weights, ...g.weights]))];
  // Before the operation that has the gradient, as tfjs takes what is kept within one for leaked.
  const {output, kept} = withoutGradient(() => together([x1, x2], layers, constants));
  const counts = kept.map((layer) => layer.map(({length}) => length));
  const run = tf.customGrad((...given) => {
    const save = given[given.length - 1] as tf.GradSaveFunc;
    save([output, ...kept.flat(2), ...constants]);
    return {
      value: output.clone(),
      gradFunc: (dy, saved) => {
        const [last, ...rest] = saved as tf.Tensor[];
        const again = rest.slice(rest.length - constants.length);
        const {streams: gradients, ofWeights} = backward(last, dy, layers, regrouped(rest, counts), again);
        return [...gradients, ...weights.map((weight) => ofWeights.get(weight) ?? tf.zerosLike(weight))];
      },
    };
  });
  return run(x1, x2, ...weights);
}

/**
 * The streams before all layers, of those behind them: what the gradient computes again.
 * @param kept Of each layer, what f and g kept.
 */
export function reversibleInverse(
  streams: Streams,
  layers: readonly ReversibleLayer[],
  kept: Kept,
  constants: readonly tf.Tensor[] = [],
): Streams {
  requireStreams('reversibleInverse', streams, layers);
  return layers.reduceRight<Streams>(([y1, y2], {f, g}, i) => {
    const x2 = y2.sub(g.run(y1, kept[i][1], constants).output);
    return [y1.sub(f.run(x2, kept[i][0], constants).output), x2];
  }, streams);
}

/** Throws where there are no two streams, or no layers. */
function requireStreams(name: string, streams: Streams, layers: readonly ReversibleLayer[]): void {
  requireArgument(name, 'streams', streams, Array.isArray(streams) && streams.length === 2, 'a list of x1 and x2');
  requireTensors(name, {x1: streams[0], x2: streams[1]});
  const isLayer = (layer: ReversibleLayer) =>
    typeof layer?.f?.run === 'function' && typeof layer?.g?.run === 'function';
  const areLayers = Array.isArray(layers) && layers.every(isLayer);
  requireArgument(name, 'layers', layers, areLayers, 'a list of {f, g}, each {run, weights}');
}

/** Of each layer, what f and g kept. */
export type Kept = readonly (readonly [f: readonly tf.Tensor[], g: readonly tf.Tensor[]])[];

/** The streams behind all layers, of which one is there at a time, and what each kept. The caller disposes them. */
export function reversibleSteps(
  [x1, x2]: Streams,
  layers: readonly ReversibleLayer[],
  constants: readonly tf.Tensor[] = [],
): {streams: Streams; kept: Kept} {
  requireStreams('reversibleSteps', [x1, x2], layers);
  let streams: Streams = [x1.clone(), x2.clone()];
  const kept = layers.map(({f, g}) => {
    const step = tf.tidy(() => {
      const first = f.run(streams[1], null, constants);
      const y1 = streams[0].add(first.output);
      const second = g.run(y1, null, constants);
      const own = [first.kept, second.kept].map((tensors) => tensors.map((tensor) => tensor.clone()));
      return {y1, y2: streams[1].add(second.output), own} as unknown as tf.TensorContainerObject;
    }) as unknown as {y1: tf.Tensor; y2: tf.Tensor; own: [tf.Tensor[], tf.Tensor[]]};
    tf.dispose([...streams]);
    streams = [step.y1, step.y2];
    return step.own;
  });
  return {streams, kept};
}

/** {@link reversibleSteps} with the streams side by side. */
function together(streams: Streams, layers: readonly ReversibleLayer[], constants: readonly tf.Tensor[]) {
  const {streams: last, kept} = reversibleSteps(streams, layers, constants);
  const output = tf.concat([...last], -1);
  tf.dispose([...last]);
  return {output, kept};
}

/** Goes back through all layers, with the gradients of both streams and of all weights. */
function backward(
  last: tf.Tensor,
  dy: tf.Tensor,
  layers: readonly ReversibleLayer[],
  kept: Kept,
  constants: readonly tf.Tensor[],
): {streams: Streams; ofWeights: Map<tf.Tensor, tf.Tensor>} {
  let [y1, y2] = tf.split(last, 2, -1);
  let [d1, d2] = tf.split(dy, 2, -1);
  const ofWeights = new Map<tf.Tensor, tf.Tensor>();
  for (let i = layers.length - 1; i >= 0; i--) {
    const {f, g} = layers[i];
    // y2 = x2 + g(y1), then y1 = x1 + f(x2): each takes its branch off one stream and adds to the gradient of the other.
    [y2, d1] = undo(g, kept[i][1], constants, [y1, y2], [d1, d2], ofWeights);
    [y1, d2] = undo(f, kept[i][0], constants, [y2, y1], [d2, d1], ofWeights);
  }
  return {streams: [d1, d2], ofWeights};
}

/**
 * Of y = x + branch(z): x, and the gradient of z with what goes through the branch. What is used up is disposed.
 * @param values z, y
 * @param gradients Theirs.
 */
function undo(
  branch: ReversibleBranch,
  kept: readonly tf.Tensor[],
  constants: readonly tf.Tensor[],
  [z, y]: Streams,
  [dz, dy]: Streams,
  ofWeights: Map<tf.Tensor, tf.Tensor>,
): Streams {
  const {weights} = branch;
  const made = tf.tidy(() => {
    const {value, gradients} = recomputedGradients(() => branch.run(z, kept, constants).output, [z, ...weights], dy);
    const [through, ...own] = gradients;
    const sums = weights.map((weight, i) => ofWeights.get(weight)?.add(own[i]) ?? own[i]);
    return [y.sub(value), dz.add(through), ...sums];
  });
  const [x, d, ...sums] = made;
  weights.forEach((weight, i) => {
    ofWeights.get(weight)?.dispose();
    ofWeights.set(weight, sums[i]);
  });
  tf.dispose([y, dz]);
  return [x, d];
}

/** A list of tensors in groups again. */
function regrouped(tensors: readonly tf.Tensor[], counts: readonly number[][]): Kept {
  let start = 0;
  const take = (count: number) => {
    start += count;
    return tensors.slice(start - count, start);
  };
  return counts.map(([f, g]) => [take(f), take(g)] as const);
}
