import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {start} from '../src/start';

const gpus = ['webgpu', 'webgl'];

describe('the engine that start() takes', () => {
  const withoutGpus = () => {
    for (const name of gpus) if (tf.findBackendFactory(name)) tf.removeBackend(name);
  };

  beforeEach(() => {
    // Adapters of a machine that has them: the CPU under other names.
    const factory = tf.findBackendFactory('cpu') as Parameters<typeof tf.registerBackend>[1];
    withoutGpus();
    for (const name of gpus) tf.registerBackend(name, factory, 10);
  });
  afterEach(async () => {
    await tf.setBackend('cpu');
    withoutGpus();
  });

  it('is simd, whatever GPU is there', async () => {
    expect(await start()).toBe('simd');
  });

  it.each(gpus)('is %s where it is asked for', async (engine) => {
    expect(await start({engine})).toBe(engine);
  });

  it('is never a GPU, though nothing else is registered: simd comes back', async () => {
    const {registryFactory} = tf.engine();
    const others = Object.entries(registryFactory).filter(([name]) => !gpus.includes(name));
    for (const [name] of others) delete registryFactory[name];
    try {
      expect(await start()).toBe('simd');
    } finally {
      Object.assign(registryFactory, Object.fromEntries(others));
    }
  });
});

describe('what start() refuses', () => {
  it.each<[object, string]>([
    [{backend: 'cpu'}, 'start: unknown option backend; known are engine, threads; did you mean engine?'],
    [{thread: 2}, 'start: unknown option thread; known are engine, threads; did you mean threads?'],
    [{engine: 7}, "start: engine is 7, but must be the name of an engine, such as 'simd'"],
    [['simd'], 'start: options is ["simd"], but must be an object with some of engine, threads'],
  ])('%o', async (options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });
});

describe('a program that never called start()', () => {
  const model = 'tinyModel({vocabSize: 5, hiddenSize: 4, numLayers: 1, seed: 0})';
  const call = 'call "await start()" of @variants/core before the first model';

  /** What a program in a process of its own, in which nothing says that it is a test, writes to standard error. */
  async function complaintOf(lines: string): Promise<string> {
    const program = `
      import * as tf from '@tensorflow/tfjs';
      import {start} from ${JSON.stringify(join(import.meta.dirname, '../src/start.ts'))};
      import {tinyModel} from ${JSON.stringify(join(import.meta.dirname, 'tiny-tour-model.ts'))};
      ${lines}`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const {stderr} = await promisify(execFile)(process.execPath, args, {cwd: import.meta.dirname});
    return stderr;
  }

  it('is told once, in place of the hint of tfjs', async () => {
    const complaint = await complaintOf(`${model}; ${model}; tf.ones([2]).print();`);
    expect(complaint).toMatch(/^@variants: this program runs on tfjs's engine cpu; [^\n]*\n$/);
    expect(complaint).toContain(call);
  });

  it.each([
    ['start()', 'await start();'],
    ['an engine that was asked for', "await start({engine: 'cpu'});"],
    ['another engine', "await tf.setBackend('simd');"],
  ])('but not after %s', async (_, lines) => {
    const imports = lines.includes("'simd'")
      ? `import ${JSON.stringify(join(import.meta.dirname, '../src/engines/simd/index.ts'))};`
      : '';
    expect(await complaintOf(`${imports} ${lines} ${model};`)).not.toContain(call);
  });
});
