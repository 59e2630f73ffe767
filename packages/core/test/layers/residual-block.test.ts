import * as tf from '@tensorflow/tfjs';
import {describe, expect, it} from 'vitest';
import {
  type CausalBlockParts,
  CausalResidualBlock,
  ResidualBlock,
  type ResidualBlockParts,
  type ResidualConfig,
} from '../../src/layers';
import {CausalLayer} from '../../src/layers/causal-layer';
import {FeedForward} from '../../src/layers/feed-forward';
import {type ForwardOptions, VariantLayer} from '../../src/layers/layer';
import {Random} from '../../src/random';
import {expectClose, normalPlain, type Plain, rowsOf} from '../kernels/gradient-check';
import {RunningMean, TinyBlock} from '../tiny-model';
import {apply, build, buildWithRandomWeights, checkInSequential, drawWeights, toTensor} from './layer-check';
import {checkStream} from './stream-check';

const hidden = 3;

/** Adds a vector to every row, so that a definition needs no more than adding. */
class Shift extends VariantLayer {
  static readonly className = 'TestShift';
  private vector!: tf.LayerVariable;

  override build(): void {
    this.vector = this.weight('vector', [hidden], () => new Float32Array(hidden));
  }

  forward(x: tf.Tensor, _options?: ForwardOptions): tf.Tensor {
    return x.add(this.vector.read());
  }
}

/** Gives every position the mean over all of them that are no padding: a mixer that looks both ways. */
class WholeMean extends VariantLayer {
  static readonly className = 'TestWholeMean';

  forward(x: tf.Tensor, {attentionMask}: ForwardOptions): tf.Tensor {
    const mask = (attentionMask ?? tf.ones(x.shape.slice(0, 2))).expandDims(2);
    return x.mul(mask).sum(1, true).div(mask.sum(1, true)).add(tf.zerosLike(x));
  }
}

/** {@link ShiftBlock} around a mixer that cannot be fed in pieces. */
class WholeBlock extends ResidualBlock<ResidualConfig> {
  static readonly className = 'TestWholeBlock';

  protected parts(): ResidualBlockParts {
    return {mixer: new WholeMean({}), feedForward: new Shift({}), norm: () => new Shift({})};
  }
}

tf.serialization.registerClass(WholeBlock);

/** A block of which all but the way its parts are put together is as simple as can be. */
class ShiftBlock extends CausalResidualBlock<ResidualConfig> {
  static readonly className = 'TestShiftBlock';

  protected parts(): CausalBlockParts {
    return {mixer: new RunningMean({}), feedForward: new Shift({}), norm: () => new Shift({})};
  }
}

type Rows = number[][];
const add = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((value, j) => value + b[i][j]));
const times = (a: Rows, factor: number): Rows => a.map((row) => row.map((value) => value * factor));

/** The mean of rows up to each, times a matrix. */
function runningMean({data: kernel}: Plain) {
  return (rows: Rows): Rows =>
    rows.map((_, t) => {
      const mean = rows[0].map((_, i) => rows.slice(0, t + 1).reduce((sum, row) => sum + row[i], 0) / (t + 1));
      return mean.map((_, j) => mean.reduce((sum, value, i) => sum + value * kernel[i * hidden + j], 0));
    });
}

function definition(
  x: Plain,
  weights: Record<string, Plain>,
  normalization: 'pre' | 'post',
  scale: number,
  mixer = runningMean(weights['mixer/projection/kernel']),
): number[] {
  const shift = (name: string) => (rows: Rows) =>
    rows.map((row) => row.map((value, i) => value + weights[name].data[i]));
  const [mixerNorm, feedForwardNorm] = [shift('mixer_norm/vector'), shift('feed_forward_norm/vector')];
  const feedForward = shift('feed_forward/vector');
  const skip = (rows: Rows, part: (rows: Rows) => Rows, norm: (rows: Rows) => Rows): Rows =>
    normalization === 'pre' ? add(times(rows, scale), part(norm(rows))) : norm(add(times(rows, scale), part(rows)));
  return skip(skip(rowsOf(x), mixer, mixerNorm), feedForward, feedForwardNorm).flat();
}

describe('CausalResidualBlock', () => {
  it.each<ResidualConfig>([
    {},
    {normalization: 'pre', residualScale: 1.7},
    {normalization: 'post'},
    {normalization: 'post', residualScale: 2.5},
  ])('puts its parts together as %j says', (config) => {
    const block = new ShiftBlock(config);
    const weights = buildWithRandomWeights(block, [null, null, hidden], 3);
    const x = normalPlain([1, 4, hidden], 3, 'x');
    const wanted = definition(x, weights, config.normalization ?? 'pre', config.residualScale ?? 1);
    expectClose(apply(block, x).data, wanted, 1e-5, 'output');
    checkStream(block, normalPlain([2, 4, hidden], 4, 'x'));
    block.dispose();
  });

  it('names its children mixer_norm, mixer, feed_forward_norm and feed_forward', () => {
    const block = build(new ShiftBlock({name: 'block_7'}), [null, null, hidden]);
    expect(block.weights.map((weight) => weight.originalName)).toEqual([
      'block_7/mixer_norm/vector',
      'block_7/mixer/projection/kernel',
      'block_7/feed_forward_norm/vector',
      'block_7/feed_forward/vector',
    ]);
    block.dispose();
  });

  it('drops out each part, never the skip connection, in training alone', () => {
    const block = new ShiftBlock({dropout: 0.5});
    const weights = buildWithRandomWeights(block, [null, null, hidden]);
    const x = normalPlain([1, 4, hidden], 3, 'x');
    expectClose(apply(block, x).data, definition(x, weights, 'pre', 1), 1e-5, 'outside of training');
    const random = new Random(2);
    const dropped = apply(block, x, {training: true, random}).data;
    expect(dropped).not.toEqual(apply(block, x).data);
    const counter = new Random(2);
    counter.next();
    counter.next();
    expect(random.state).toEqual(counter.state);
    // Where both parts were dropped the input stands as it was, which elsewhere no value does.
    const untouched = dropped.filter((value, i) => value === x.data[i]).length;
    expect(untouched).toBeGreaterThan(0);
    expect(untouched).toBeLessThan(x.data.length);
    block.dispose();
  });

  it('hands its options to its parts', () => {
    const seen: ForwardOptions[] = [];
    class Spy extends Shift {
      override forward(x: tf.Tensor, options: ForwardOptions): tf.Tensor {
        seen.push(options);
        return super.forward(x);
      }
    }
    class SpyBlock extends CausalResidualBlock<ResidualConfig> {
      static readonly className = 'TestSpyBlock';

      protected parts(): CausalBlockParts {
        return {
          mixer: new RunningMean({}),
          feedForward: new FeedForward({intermediateSize: 2}),
          norm: () => new Spy({}),
        };
      }
    }
    const block = build(new SpyBlock({}), [null, null, hidden]);
    tf.tidy(() => {
      const attentionMask = tf.ones([1, 2]);
      block.forward(tf.ones([1, 2, hidden]), {training: true, attentionMask});
      expect(seen).toEqual([
        {training: true, attentionMask},
        {training: true, attentionMask},
      ]);
    });
    block.dispose();
  });

  it('works in a tf.sequential', () =>
    checkInSequential(
      [new TinyBlock({dropout: 0.1}), new TinyBlock({normalization: 'post', residualScale: 2})],
      tf.randomNormal([2, 4, hidden], 0, 1, 'float32', 1),
    ));
});

/** A block with parts of its maker's: without a feed-forward, or with one that another block has too. */
class GivenBlock extends ResidualBlock<ResidualConfig> {
  static readonly className = 'TestGivenBlock';

  constructor(
    config: ResidualConfig & {name: string},
    private readonly given: Pick<ResidualBlockParts, 'feedForward' | 'feedForwardNorm'>,
  ) {
    super(config);
  }

  protected parts(): ResidualBlockParts {
    return {mixer: new WholeMean({}), norm: () => new Shift({}), ...this.given};
  }
}

describe('a block without a feed-forward', () => {
  it.each(['pre', 'post'] as const)('ends behind its mixer, %s-norm', (normalization) => {
    const block = build(new GivenBlock({name: 'short', normalization}, {feedForward: null}), [null, null, hidden]);
    const weights = drawWeights(block, 3);
    expect(Object.keys(weights)).toEqual(['mixer_norm/vector']);
    const x = rowsOf(normalPlain([1, 4, hidden], 3, 'x'));
    const shift = (rows: Rows) =>
      rows.map((row) => row.map((value, i) => value + weights['mixer_norm/vector'].data[i]));
    const mean = (rows: Rows) => rows.map((row) => row.map((_, i) => rows.reduce((sum, each) => sum + each[i], 0) / 4));
    const wanted = normalization === 'pre' ? add(x, mean(shift(x))) : shift(add(x, mean(x)));
    expectClose(apply(block, normalPlain([1, 4, hidden], 3, 'x')).data, wanted.flat(), 1e-5, 'output');
    block.dispose();
  });
});

describe('blocks that share a feed-forward', () => {
  it('have its weights once, under the first, and both depend on them', () => {
    const shared = {feedForward: new Shift({}), feedForwardNorm: new Shift({})};
    const blocks = ['first', 'second'].map((name) => build(new GivenBlock({name}, shared), [null, null, hidden]));
    expect(blocks.map((block) => block.weights.map(({originalName}) => originalName))).toEqual([
      ['first/mixer_norm/vector', 'first/feed_forward_norm/vector', 'first/feed_forward/vector'],
      ['second/mixer_norm/vector'],
    ]);
    expect(blocks[1].weightsInUse.map(({originalName}) => originalName).sort()).toEqual([
      'first/feed_forward/vector',
      'first/feed_forward_norm/vector',
      'second/mixer_norm/vector',
    ]);
    const x = normalPlain([1, 2, hidden], 3, 'x');
    const before = blocks.map((block) => apply(block, x).data);
    tf.tidy(() => {
      const weight = blocks[0].weights[2];
      weight.write(weight.read().add(1));
    });
    blocks.forEach((block, i) => {
      expectClose(
        apply(block, x).data,
        before[i].map((value) => value + 1),
        1e-5,
        `output of block ${i}`,
      );
    });
    for (const block of blocks) block.dispose();
  });
});

describe('ResidualBlock', () => {
  it.each<ResidualConfig>([{}, {normalization: 'post', residualScale: 2.5}])(
    'puts its parts together as %j says',
    (config) => {
      const block = new WholeBlock({name: 'block', ...config});
      const shape = [null, null, hidden];
      build(block, shape, [null, null]);
      const weights = drawWeights(block, 3);
      expect(Object.keys(weights)).toEqual(['mixer_norm/vector', 'feed_forward_norm/vector', 'feed_forward/vector']);
      const mask = [1, 1, 0, 1];
      const mean = (rows: Rows): Rows =>
        rows.map((row) => row.map((_, i) => rows.reduce((sum, each, t) => sum + mask[t] * each[i], 0) / 3));
      const x = normalPlain([1, 4, hidden], 3, 'x');
      const wanted = definition(x, weights, config.normalization ?? 'pre', config.residualScale ?? 1, mean);
      tf.tidy(() => {
        const y = block.apply([toTensor(x), tf.tensor2d([mask])]) as tf.Tensor;
        expectClose(y.dataSync(), wanted, 1e-5, 'output');
      });
      expect(block).not.toBeInstanceOf(CausalLayer);
      block.dispose();
    },
  );

  it('works in a tf.sequential', () =>
    checkInSequential([new WholeBlock({dropout: 0.1})], tf.randomNormal([2, 4, hidden], 0, 1, 'float32', 1)));
});
