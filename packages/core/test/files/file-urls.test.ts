import {readdir} from 'node:fs/promises';
import {join, posix, win32} from 'node:path';
import {pathToFileURL} from 'node:url';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {beforeAll, describe, expect, it, vi} from 'vitest';
import {pathOfUrl, registerFileUrls} from '../../src/files/file-urls';
import {inTemporaryDirectory} from './temporary';

/** A handler of another package for file:// URLs, which is there while `isThere`. */
function anotherHandler() {
  const another = {
    isThere: true,
    save: async () => ({modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON' as const}}),
    load: async () => ({modelTopology: {}}),
    register() {
      const router = (url: string | string[]) =>
        (another.isThere && String(url).startsWith('file://') ? another : null) as typeof another;
      tf.io.registerSaveRouter(router);
      tf.io.registerLoadRouter(router);
    },
  };
  return another;
}

const handlers = (url: string) => [tf.io.getSaveHandlers(url), tf.io.getLoadHandlers(url)];
const [before, after] = [anotherHandler(), anotherHandler()];

beforeAll(async () => {
  before.register();
  await import('../../src');
  after.register();
  before.isThere = after.isThere = false;
});

describe('handlers of file:// URLs', () => {
  it('are registered by importing the package', async () => {
    for (const found of handlers('file:///a/model.json')) expect(found).toHaveLength(1);
    const model = tf.sequential({layers: [tf.layers.dense({units: 1, inputShape: [2]})]});
    await inTemporaryDirectory(async (directory) => {
      await model.save(`file://${directory}`);
      expect(await readdir(directory)).toEqual(['model.json', 'weights.bin']);
    });
    model.dispose();
  });

  it.each([
    ['before', before],
    ['after', after],
  ])('leave URLs to a handler that was registered %s ours', (_, another) => {
    another.isThere = true;
    for (const found of handlers('file:///a/model.json')) expect(found).toEqual([another]);
    another.isThere = false;
    for (const found of handlers('file:///a/model.json')) expect(found).toHaveLength(1);
  });

  it('take no other URLs, and no lists of them', () => {
    expect(handlers('/a/model.json')).toEqual([[], []]);
    expect(handlers('a/file://model.json')).toEqual([[], []]);
    expect(handlers('files://a')).toEqual([[], []]);
    expect(tf.io.getLoadHandlers(['file:///a.pb', 'file:///b.json'])).toEqual([]);
    expect(tf.io.getLoadHandlers('http://localhost/model.json')).toHaveLength(1);
  });

  it('are not registered twice, by a second copy of the package neither', async () => {
    registerFileUrls();
    vi.resetModules();
    (await import('../../src/files/file-urls')).registerFileUrls();
    for (const found of handlers('file:///a')) expect(found).toHaveLength(1);
  });

  it('are not registered in a browser', () => {
    const register = vi.spyOn(tf.io, 'registerSaveRouter');
    vi.stubGlobal('process', undefined);
    registerFileUrls();
    vi.unstubAllGlobals();
    expect(register).not.toHaveBeenCalled();
    register.mockRestore();
  });
});

describe('pathOfUrl', () => {
  it.each([
    ['file:///models/a', '/models/a'],
    ['file:///models/a/', '/models/a'],
    ['file:///models/my%20model', '/models/my model'],
    ['file:///models/my model', '/models/my model'],
    ['file:///models/%E6%A8%A1', '/models/模'],
    ['file:///models/模', '/models/模'],
    ['file:///models/100%/my%20model', '/models/100%/my%20model'],
    ['file:///models/c#/a?b', '/models/c#/a?b'],
    ['file:///C:/models', '/C:/models'],
    ['file://./model', join(process.cwd(), 'model')],
    ['file://model/model.json', join(process.cwd(), 'model/model.json')],
    ['file://../model', join(process.cwd(), '../model')],
  ])('%s is %s', (url, path) => {
    expect(pathOfUrl(url, posix)).toBe(path);
  });

  it.each([
    ['file:///C:/models/my%20model', 'C:\\models\\my model'],
    ['file:///c:\\models', 'c:\\models'],
    ['file://C:/models', 'C:\\models'],
    ['file://C:\\models\\a', 'C:\\models\\a'],
  ])('%s is %s on Windows', (url, path) => {
    expect(pathOfUrl(url, win32)).toBe(path);
  });

  it('undoes what Node makes of a path', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -.0-~é模]+$/), {minLength: 1}), (names) => {
        const path = posix.resolve('/', ...names);
        expect(pathOfUrl(pathToFileURL(path).href, posix)).toBe(path);
      }),
    );
  });
});
