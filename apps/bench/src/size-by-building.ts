import {ConfigError, type VariantModel, withInitialization} from '@variants/core';

/** What decides on the size of a model: two layers, two heads, a width and that of the feed-forward. */
export interface BuiltShape {
  numLayers: number;
  hiddenSize: number;
  numHeads: number;
  intermediateSize: number;
}

/** Widths to choose from, and the usual intermediateSize / hiddenSize, which may be half or twice that. */
const [narrowest, widest, step, usualRatio] = [16, 1024, 8, 4];

/**
 * The shape with which a model has the wanted number of parameters within 1 %, by building models: for kinds whose
 * architectures bring no count of their own. The feed-forward takes up what the width leaves.
 * @throws ConfigError that names the architecture where no shape has that size.
 */
export function sizeByBuilding(name: string, wanted: number, create: (shape: BuiltShape) => VariantModel): BuiltShape {
  const count = (shape: BuiltShape): number => {
    const model = withInitialization({allocateOnly: true}, () => create(shape));
    const parameters = model.countParams();
    model.dispose();
    return parameters;
  };
  const fitting = [...candidates(wanted, count)].filter((shape) => Math.abs(count(shape) / wanted - 1) < 0.01);
  const [best] = fitting.sort((a, b) => oddness(a) - oddness(b));
  if (best) return best;
  throw new ConfigError(`${name}: no shape has ${wanted} parameters within 1 %; ask for more`);
}

/** How far a feed-forward is from its usual width. */
const oddness = ({intermediateSize, hiddenSize}: BuiltShape): number =>
  Math.abs(Math.log(intermediateSize / hiddenSize / usualRatio));

/** Of each width the shape that comes closest, where its feed-forward is none too odd. */
function* candidates(wanted: number, count: (shape: BuiltShape) => number): Iterable<BuiltShape> {
  for (let hiddenSize = narrowest; hiddenSize <= widest; hiddenSize += step) {
    const shapeOf = (intermediateSize: number) => ({numLayers: 2, hiddenSize, numHeads: 2, intermediateSize});
    const [least, more] = [step, 2 * step].map((size) => count(shapeOf(size)));
    const shape = shapeOf(Math.round(step + (step * (wanted - least)) / (more - least)));
    if (shape.intermediateSize < hiddenSize) return;
    if (oddness(shape) <= Math.LN2) yield shape;
  }
}
