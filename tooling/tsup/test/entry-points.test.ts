import {describe, expect, it} from 'vitest';
import {entryPoints} from '../src/entry-points';

const built = (name: string) => ({types: `./dist/${name}.d.ts`, default: `./dist/${name}.js`});

describe('entryPoints', () => {
  it('builds each source under the name it is published by', () => {
    const exports = {'.': './src/index.ts', './simd': './src/engines/simd/index.ts'};
    const publishConfig = {exports: {'.': built('index'), './simd': built('simd')}};
    expect(entryPoints({name: 'a', exports, publishConfig})).toEqual({
      index: './src/index.ts',
      simd: './src/engines/simd/index.ts',
    });
  });

  it('refuses maps that differ', () => {
    const exports = {'.': './src/index.ts'};
    const publishConfig = {exports: {'.': built('index')}};
    expect(() => entryPoints({name: 'a', exports: {...exports, './b': './src/b.ts'}, publishConfig})).toThrow('./b');
    expect(() => entryPoints({name: 'a', exports: {}, publishConfig})).toThrow('a: publishConfig.exports has .');
  });

  it('refuses a declaration that is not beside its module', () => {
    const publishConfig = {exports: {'.': {types: './dist/other.d.ts', default: './dist/index.js'}}};
    expect(() => entryPoints({name: 'a', exports: {'.': './src/index.ts'}, publishConfig})).toThrow(
      './dist/<name>.d.ts',
    );
  });
});
