import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {inspect} from '../../src/checkpoints/inspect';
import {checkpointErrorOf} from '../files/errors';
import {authorsConfig, tinyLayout, tinySource} from './tiny-model';

const fixture = (name: string) => join(import.meta.dirname, '../files/fixtures', name);

describe('inspect', () => {
  it('lists a file of torch.save', async () => {
    const {format, layout, config, tensors, parameters} = await inspect(fixture('ckpt.pt'), [tinyLayout]);
    expect({format, layout, config}).toEqual({format: 'torch', layout: null, config: null});
    expect(tensors[0]).toEqual({name: 'tok_embeddings.weight', dtype: 'F32', shape: [48, 32]});
    expect(parameters).toBe(
      tensors.reduce((sum, {shape}) => sum + shape.reduce((product, size) => product * size, 1), 0),
    );
  });

  it('lists a checkpoint in several files', async () => {
    const {format, layout, config, tensors, parameters} = await inspect(fixture('sharded'));
    expect({format, layout}).toEqual({format: 'safetensors in several files', layout: null});
    expect(config?.num_hidden_layers).toBe(2);
    expect(tensors).toHaveLength(22);
    expect(parameters).toBe(36168 / 2);
  });

  it('names the layout that recognises it', async () => {
    const {layout, config, tensors} = await inspect(tinySource(), [
      {...tinyLayout, name: 'x', recognizes: () => false},
      tinyLayout,
    ]);
    expect({layout, config}).toEqual({layout: 'tiny', config: authorsConfig});
    expect(tensors.map(({name}) => name)).toEqual(['decay', 'down.weight', 'head.weight', 'up.bias', 'up.weight']);
  });

  it('of nothing is an error', async () => {
    expect(await checkpointErrorOf(() => inspect(fixture('nothing.pt')))).toContain('ENOENT');
  });
});
