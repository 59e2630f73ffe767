import * as tf from '@tensorflow/tfjs';
import {mapState, type StateTree, StreamState, walkState} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {layers, type RwkvVersion} from '../src';
import {versions} from '../src/config';

const small = {intermediateSize: 12, mixRank: 2, decayRank: 2, learningRateRank: 2, valueRank: 2, gateRank: 2};

/** A block whose weights are not those that it begins with, under which the mixes put out nothing. */
function blockOf(version: RwkvVersion) {
  const block = layers.rwkvBlock({...small, version, numHeads: 2, attentionSize: 12, initialState: version === 6});
  block.apply(tf.input({shape: [null, 8]}));
  tf.tidy(() => {
    block.weights.forEach((weight, i) => {
      weight.write(tf.randomNormal(weight.shape as number[], 0, 0.5, 'float32', i));
    });
  });
  return block;
}

const shapesOf = (tree: StateTree) => {
  const shapes: {[path: string]: tf.Shape} = {};
  walkState(tree, (leaf, path) => {
    shapes[path] = (leaf as tf.Tensor).shape;
  });
  return shapes;
};

describe.each([...versions])('initialState of a block of version %i', (version) => {
  it.each([
    [1, 1],
    [2, 5],
  ])('begins a stream of %i sequences as no state does', (batch, time) => {
    const block = blockOf(version);
    const x = tf.randomNormal([batch, time, 8], 0, 1, 'float32', 1);
    const begun = new StreamState(
      mapState(
        tf.tidy(() => block.initialState(batch)),
        (leaf) => tf.keep(leaf as tf.Tensor),
      ),
    );
    const shapes = shapesOf(begun.tree);
    const [expected, actual] = [block.stream(x), block.stream(x, begun)];
    expect(actual.output.dataSync()).toEqual(expected.output.dataSync());
    expect(shapes).toEqual(shapesOf(expected.state.tree));
    for (const {output, state} of [expected, actual]) {
      output.dispose();
      state.dispose();
    }
    x.dispose();
    block.dispose();
  });
});
