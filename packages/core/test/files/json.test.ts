import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {CheckpointError} from '../../src/errors';
import {parseJson, parseUniqueJson} from '../../src/files/json';

describe('JSON of checkpoints', () => {
  it('is what JSON.parse says where no name stands twice', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(2), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(parseUniqueJson(spaced, 'x')).toEqual(JSON.parse(text));
      }),
      {numRuns: 200},
    );
  });

  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":{"b":[1,"b"],"b":2}}', 'b'],
    ['[1,{"x":[{}],"y":"}","x":0}]', 'x'],
    ['{"\\"":1,"\\u0022":2}', '"'],
    ['{"\\\\":1,"\\\\":2}', '\\'],
  ])('%s: a name stands there twice', (text, name) => {
    expect(() => parseUniqueJson(text, 'x.json')).toThrow(`x.json: the name "${name}" stands there twice`);
  });

  it('the same name in different objects, and as a value, is none twice', () => {
    const text = '{"a":{"a":["a","a",{"a":1}]},"b":"a","c":"a,\\"a\\":"}';
    expect(parseUniqueJson(text, 'x')).toEqual(JSON.parse(text));
  });

  it('what is no JSON is a CheckpointError', () => {
    expect(() => parseJson('{', 'x.json')).toThrow(CheckpointError);
    expect(() => parseJson('{', 'x.json')).toThrow('x.json: is no JSON');
  });
});
