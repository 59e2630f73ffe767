import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {publishedPackages} from '../src/packages';

const builtOnCore = publishedPackages.filter(({name}) => name !== '@variants/core');

describe.each(builtOnCore)('$name', ({name, directory}) => {
  const {
    dependencies = {},
    peerDependencies,
    devDependencies,
  } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));

  it('leaves it to its user which core there is', () => {
    expect(peerDependencies['@variants/core']).toBe('workspace:^');
    expect(devDependencies['@variants/core']).toBe('workspace:*');
  });

  it('brings no other package of ours along', () => {
    expect(Object.keys(dependencies).filter((dependency) => dependency.startsWith('@variants/'))).toEqual([]);
  });

  it('says in its README to install core', () => {
    const [line = ''] = readFileSync(join(directory, 'README.md'), 'utf8').match(/^npm i .*/m) ?? [];
    expect(line.split(' ')).toEqual(expect.arrayContaining([name, '@variants/core', '@tensorflow/tfjs']));
  });
});
