import {describe, expect, it} from 'vitest';
import {defineLayout, type LayoutDefinition} from '../../src/checkpoints/define-layout';
import {namedValues} from '../../src/checkpoints/field-table';
import {openCheckpoint} from '../../src/files/checkpoint';
import {writeSafetensors} from '../../src/files/safetensors-write';
import {fields, requireDivides, resolveFields} from '../../src/models/config';
import {checkpointErrorOf} from '../files/errors';

interface Config {
  width: number;
  heads: number;
  headSize: number;
  activation: 'relu' | 'geluTanh' | 'tanh';
  gated: boolean;
  rate: number;
  vocabSize: number;
  seed: number;
}

function resolve(options: Partial<Config>): Config {
  const {width = 4, heads = 2} = options;
  const config = resolveFields<Config>(
    'model',
    {
      width: fields.count(4),
      heads: fields.count(2),
      headSize: fields.count(Math.max(1, Math.floor(width / heads))),
      activation: fields.choice(['relu', 'geluTanh', 'tanh'] as const, 'relu'),
      gated: fields.flag(false),
      rate: fields.rate(0),
      vocabSize: fields.count(),
      seed: fields.seed(),
    },
    options,
  );
  if (options.headSize === undefined) requireDivides('model', config, 'heads', 'width');
  return config;
}

const definition: LayoutDefinition<Config> = {
  name: 'theirs',
  recognizes: () => true,
  fields: {
    width: {theirs: 'layer.dim', required: true},
    heads: {theirs: 'n_heads', required: true},
    activation: namedValues('act', {gelu_new: 'geluTanh', gelu_tanh: 'geluTanh', relu: 'relu'}, 'gelu_new'),
    gated: {theirs: 'plain', usual: false, read: (plain) => !plain, write: (gated) => !gated},
    rate: {from: ({keep}) => (keep == null ? undefined : 1 - (keep as number)), to: (rate) => ({keep: 1 - rate})},
  },
  only: {moe: 0, 'layer.kind': 'dense'},
  constants: {model_type: 'theirs'},
  fromTensors: {
    names: ['vocabSize'],
    read: ({tensors}) => ({vocabSize: tensors.get('table')?.shape[0]}),
  },
  resolve,
  tensors: () => [],
};
const layout = defineLayout(definition);

const opened = (config?: Record<string, unknown>) =>
  openCheckpoint({config, weights: writeSafetensors({table: {shape: [5, 1], data: new Float32Array(5)}})});
const read = async (config?: Record<string, unknown>) => layout.readConfig(await opened(config));
const required = {layer: {dim: 8}, n_heads: 2};

describe('a layout reads', () => {
  it("the authors' fields under our names, their values as ours, and what the tensors tell", async () => {
    expect(await read({layer: {dim: 8}, n_heads: 4, act: 'relu', plain: true, keep: 0.75})).toEqual({
      ...{width: 8, heads: 4, headSize: 2, activation: 'relu', gated: false, rate: 0.25, vocabSize: 5, seed: 0},
    });
  });

  it("the authors' usual value where a field is missing or null, else our default", async () => {
    for (const config of [required, {...required, act: null, plain: null, keep: null, moe: null}])
      expect(await read(config)).toMatchObject({activation: 'geluTanh', gated: true, rate: 0});
  });

  it.each<[string, Record<string, unknown> | undefined, string]>([
    [
      'without a configuration',
      undefined,
      'weights: there is no config.json or params.json with layer.dim, n_heads, which layout theirs needs',
    ],
    [
      'without a field',
      {layer: {}, n_heads: 2},
      'weights: its configuration lacks layer.dim, which layout theirs needs',
    ],
    [
      'with null for it',
      {...required, n_heads: null},
      'weights: its configuration lacks n_heads, which layout theirs needs',
    ],
    ['of another architecture', {...required, moe: 2}, 'weights: moe is 2, but only 0 can be loaded'],
    [
      'of another kind of layer',
      {...required, layer: {dim: 8, kind: 'sparse'}},
      'weights: layer.kind is "sparse", but only "dense" can be loaded',
    ],
    [
      'with an unknown name of a value',
      {...required, act: 'toString'},
      'weights: act "toString" is unknown; known are gelu_new, gelu_tanh, relu',
    ],
    [
      'with a value of another type',
      {...required, act: 7},
      'weights: act 7 is unknown; known are gelu_new, gelu_tanh, relu',
    ],
  ])('no configuration %s', async (_, config, message) => {
    expect(await checkpointErrorOf(() => read(config))).toBe(message);
  });

  it('values through the rules of our configuration', async () => {
    await expect(read({...required, n_heads: '2'})).rejects.toThrow(
      'model: heads is "2", but must be a whole number of at least 1',
    );
  });
});

describe('a layout writes', () => {
  const config = resolve({width: 8, heads: 4, activation: 'geluTanh', rate: 0.25, vocabSize: 5, seed: 7});
  const plain = {
    ...{model_type: 'theirs', layer: {dim: 8}, n_heads: 4, act: 'gelu_new', plain: true, keep: 0.75},
  };

  it("our fields under the authors' names, and its constants", () => {
    expect(layout.writeConfig(config)).toEqual(plain);
  });

  it('what the authors cannot say under `variants`, and reads it back', async () => {
    const own = {...config, activation: 'tanh' as const, headSize: 3};
    const json = layout.writeConfig(own);
    expect(json).toEqual({...plain, act: undefined, variants: {activation: 'tanh', headSize: 3}});
    expect(await read(JSON.parse(JSON.stringify(json)))).toEqual({...own, seed: 0});
  });

  it('also where the fields of the authors alone make no configuration', async () => {
    const own = resolve({width: 8, heads: 3, headSize: 5, vocabSize: 5});
    const json = layout.writeConfig(own);
    expect(json).toMatchObject({n_heads: 3, variants: {headSize: 5}});
    expect(await read(JSON.parse(JSON.stringify(json)))).toEqual(own);
  });
});
