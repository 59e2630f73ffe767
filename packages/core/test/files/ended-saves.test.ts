import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {cp, type FileHandle, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {afterAll, afterEach, describe, expect, it, vi} from 'vitest';
import {registerFileUrls} from '../../src/files/file-urls';
import {filledModel} from './filled-model';
import {inTemporaryDirectory} from './temporary';

/** What happens to the file system: after `left` more steps nothing happens any more, as if the process had been killed. */
const steps = vi.hoisted(() => ({left: Number.POSITIVE_INFINITY, taken: 0, onEnd: () => {}}));

/** What ended saves left open. */
const opened = vi.hoisted(() => new Set<FileHandle>());

type AsyncFunction = (...args: unknown[]) => Promise<unknown>;

vi.mock(import('../../src/files/node'), async (original) => {
  const real = await original();

  /** An async function that takes a step; of a write half the bytes are a step of their own. */
  const stepping = (of: object, key: string | symbol, value: AsyncFunction) => {
    const step = async (...args: unknown[]) => {
      if (steps.left === 0) {
        steps.onEnd();
        await new Promise(() => {});
      }
      steps.left--;
      steps.taken++;
      const result = await value.apply(of, args);
      if (key === 'close') opened.delete(of as FileHandle);
      if (key !== 'open') return result;
      opened.add(result as FileHandle);
      return withSteps(result as FileHandle);
    };
    if (key !== 'writeFile') return step;
    return async (bytes: Uint8Array) => {
      await step(bytes.subarray(0, bytes.length / 2));
      await step(bytes.subarray(bytes.length / 2));
    };
  };

  const withSteps = <Target extends object>(of: Target): Target =>
    new Proxy(of, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? stepping(target, key, value as AsyncFunction) : value;
      },
    });

  return {...real, nodeFiles: async (purpose: string) => withSteps({...(await real.nodeFiles(purpose))})};
});

registerFileUrls();
afterEach(async () => {
  steps.left = Number.POSITIVE_INFINITY;
  for (const handle of opened) await handle.close();
  opened.clear();
});

/** The value of the filled model that stands in a folder, which must be whole. */
async function valueIn(folder: string): Promise<number> {
  const model = await tf.loadLayersModel(`file://${folder}/model.json`);
  const {value} = model.getUserDefinedMetadata() as {value: number};
  const values = new Set(model.getWeights().flatMap((weight) => [...weight.dataSync()]));
  model.dispose();
  expect([...values]).toEqual([value]);
  return value;
}

describe('a save that is ended at any step', () => {
  const [first, second] = [filledModel(1), filledModel(2)];
  const save = (model: tf.LayersModel, folder: string) => model.save(`file://${folder}`);

  /** Saves up to a step, in a folder that no other save will use, and leaves it there. */
  async function saveEndedAfter(count: number, model: tf.LayersModel, folder: string): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      steps.onEnd = resolve;
    });
    steps.left = count;
    await Promise.race([ended, save(model, folder)]);
    steps.left = Number.POSITIVE_INFINITY;
  }

  async function stepsOf(model: tf.LayersModel, folder: string): Promise<number> {
    const before = steps.taken;
    await save(model, folder);
    return steps.taken - before;
  }

  /** The next process saves there, and leaves nothing but its model and what may still be written by another. */
  async function expectNextSave(folder: string): Promise<void> {
    await cp(folder, `${folder}-next`, {recursive: true});
    await save(first, `${folder}-next`);
    expect(await valueIn(`${folder}-next`)).toBe(1);
  }

  it('leaves the old model or has replaced it', () =>
    inTemporaryDirectory(async (directory) => {
      await save(first, join(directory, 'old'));
      await cp(join(directory, 'old'), join(directory, 'counted'), {recursive: true});
      const count = await stepsOf(second, join(directory, 'counted'));
      expect(count).toBeGreaterThan(12);
      const found: number[] = [];
      for (let ended = 0; ended <= count; ended++) {
        const folder = join(directory, String(ended));
        await cp(join(directory, 'old'), folder, {recursive: true});
        await saveEndedAfter(ended, second, folder);
        found.push(await valueIn(folder));
        await expectNextSave(folder);
      }
      expect(found).toEqual(found.toSorted());
      expect([found[0], found[count]]).toEqual([1, 2]);
    }));

  it('leaves no model.json, or a whole model, where none was', () =>
    inTemporaryDirectory(async (directory) => {
      const count = await stepsOf(second, join(directory, 'counted'));
      const found: number[] = [];
      for (let ended = 0; ended <= count; ended++) {
        const folder = join(directory, String(ended));
        await saveEndedAfter(ended, second, folder);
        const files = await readdir(folder).catch((): string[] => []);
        found.push(files.includes('model.json') ? await valueIn(folder) : 0);
        if (files.length > 0) await expectNextSave(folder);
      }
      expect(found).toEqual(found.toSorted());
      expect([found[0], found[count]]).toEqual([0, 2]);
    }));

  afterAll(() => {
    first.dispose();
    second.dispose();
  });
});

describe('processes that save into one folder', () => {
  /** A process that saves filled models of the values from `start` on, until it is killed. */
  function savingProcess(folder: string, start: number): ChildProcess {
    const source = `
      import * as tf from '@tensorflow/tfjs';
      import {registerFileUrls} from './src/files/file-urls';
      import {filledModel} from './test/files/filled-model';
      tf.env().set('IS_TEST', true);
      registerFileUrls();
      (async () => {
        for (let value = ${start}; ; value++) {
          const model = filledModel(value);
          await model.save('file://${folder}');
          model.dispose();
          if (value === ${start}) console.log('saved');
        }
      })();`;
    return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  it(
    'leave a whole model of one of them at every moment, and when they are killed',
    () =>
      inTemporaryDirectory(async (folder) => {
        const processes = [savingProcess(folder, 0), savingProcess(folder, 1_000_000)];
        try {
          await Promise.all(processes.map(({stdout}) => once(stdout as NodeJS.ReadableStream, 'data')));
          const found = new Set<number>();
          while (found.size < 5) found.add(await valueIn(folder));
        } finally {
          for (const each of processes) each.kill('SIGKILL');
          await Promise.all(processes.map((each) => each.exitCode ?? each.signalCode ?? once(each, 'exit')));
        }
        await valueIn(folder);
        const model = filledModel(7);
        await model.save(`file://${folder}`);
        model.dispose();
        expect(await valueIn(folder)).toBe(7);
      }),
    180_000,
  );
});
