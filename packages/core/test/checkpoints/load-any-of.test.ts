import {describe, expect, it, vi} from 'vitest';
import type {CheckpointLayout} from '../../src/checkpoints/layout';
import {loadAnyOf} from '../../src/checkpoints/load-any-of';
import {openCheckpoint} from '../../src/files/checkpoint';
import {checkpointErrorOf} from '../files/errors';
import {
  ourValues,
  type TinyConfig,
  type TinyModel,
  tinyLayout,
  tinyModel,
  tinySource,
  valuesByName,
} from './tiny-model';

interface OtherConfig {
  size: number;
}

const nowhere: CheckpointLayout<OtherConfig> = {
  name: 'nowhere',
  recognizes: () => false,
  readConfig: () => ({size: 1}),
  writeConfig: () => ({}),
  tensors: () => [],
};
const noModel = ({size}: OtherConfig) => {
  throw new Error(`nobody asked for a model of size ${size}`);
};
const second: CheckpointLayout<TinyConfig> = {...tinyLayout, name: 'second'};

const load = (source: Parameters<typeof loadAnyOf>[0], config: Partial<TinyConfig> = {}): Promise<TinyModel> =>
  loadAnyOf(
    source,
    [
      [[nowhere], noModel],
      [[{...tinyLayout, recognizes: () => false}, second], tinyModel],
      [[tinyLayout], tinyModel],
    ],
    {config},
  );

describe('loadAnyOf', () => {
  it('makes the model whose layout recognises the checkpoint first', async () => {
    const model = await load(tinySource());
    expect(model.layout).toBe(second);
    expect(valuesByName(model)).toEqual(ourValues);
    model.dispose();
  });

  it('takes a checkpoint that is open, leaves it open, and fields of the caller', async () => {
    const checkpoint = await openCheckpoint(tinySource());
    const close = vi.spyOn(checkpoint, 'close');
    const changed = {...checkpoint, config: {in_features: 99, out_features: 2}};
    const model = await load(changed, {inputs: 3});
    expect(valuesByName(model)).toEqual(ourValues);
    expect(close).not.toHaveBeenCalled();
    model.dispose();
  });

  it('names all layouts when none does', async () => {
    const kinds = [
      [[nowhere], noModel] as const,
      [[{...second, recognizes: () => false}], tinyModel] as const,
    ] as const;
    expect(await checkpointErrorOf(() => loadAnyOf(tinySource(), kinds))).toBe(
      'weights: is no checkpoint of a known layout (nowhere, second); it has the tensors decay, down.weight, head.weight, and 2 more',
    );
  });
});
