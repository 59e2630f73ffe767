import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {namesFor} from '../src/names';
import {Refusal} from '../src/refusal';
import {madeWorkspace} from './made-workspace';

let folder: string;
beforeAll(() => {
  folder = madeWorkspace();
  mkdirSync(join(folder, 'packages/retnet'), {recursive: true});
  mkdirSync(join(folder, '.changeset'));
  writeFileSync(join(folder, '.changeset/first-release.md'), '');
});
afterAll(() => rmSync(folder, {recursive: true}));

describe('namesFor', () => {
  it('takes names in kebab-case, and the title from them where none is given', () => {
    expect(namesFor(folder, 'mamba')).toEqual({name: 'mamba', title: 'Mamba'});
    expect(namesFor(folder, 'gated-delta-net2')).toEqual({name: 'gated-delta-net2', title: 'Gated Delta Net2'});
    expect(namesFor(folder, 'h3', 'H3 (Hungry Hippos)')).toEqual({name: 'h3', title: 'H3 (Hungry Hippos)'});
    expect(namesFor(folder, 'xlstm', 'xLSTM')).toEqual({name: 'xlstm', title: 'xLSTM'});
  });

  const refused: [name: string, title: string | undefined, message: RegExp][] = [
    ['', undefined, /^the name is "", but must be small letters and digits, with - between words/],
    ['Mamba', undefined, /^the name is "Mamba", but must be/],
    ['my_net', undefined, /but must be/],
    ['-mamba', undefined, /but must be/],
    ['mamba-', undefined, /but must be/],
    ['a--b', undefined, /but must be/],
    ['2mamba', undefined, /but must be/],
    ['../mamba', undefined, /but must be/],
    ['mamba\n', undefined, /but must be/],
    ['retnet', undefined, /^the name "retnet" is taken: there is packages\/retnet$/],
    ['first-release', undefined, /^the name "first-release" is taken: there is \.changeset\/first-release\.md$/],
    ['new', undefined, /^the name is "new", but new means something else in the code already$/],
    ['layers', undefined, /but layers means something else/],
    ['residual', undefined, /but ResidualConfig means something else/],
    ['language-model', undefined, /but LanguageModel means something else/],
    ['contestant', undefined, /but (c|C)ontestant means something else/],
    ['mamba', '', /^the title is "", but must be letters, digits, spaces and \. \+ - \( \) alone$/],
    ['mamba', "Mamba's", /^the title is "Mamba's", but must be/],
    ['mamba', 'Mam | ba', /but must be/],
    ['mamba', 'Mamba\n', /but must be/],
  ];
  it.each(refused)('refuses the name %j with the title %j', (name, title, message) => {
    let refusal: unknown;
    try {
      namesFor(folder, name, title);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).message).toMatch(message);
    expect((refusal as Refusal).message).not.toContain('\n');
  });

  it('says in one line what is wrong with any other text', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(!/^[a-z]/.test(name));
        expect(() => namesFor(folder, name)).toThrow(/^the name is ".*", but must be [^\n]*$/);
      }),
    );
  });
});
