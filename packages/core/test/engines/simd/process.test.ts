import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it} from 'vitest';

/** Runs a program on the engine in a process of its own; resolves to what it prints. */
async function program(source: string): Promise<string> {
  const packageDirectory = join(import.meta.dirname, '../../..');
  const prelude = `
    import * as tf from '@tensorflow/tfjs';
    import {setThreads} from './src/engines/simd';
    (async () => { await setThreads(2); await tf.setBackend('simd'); ${source} })();`;
  const command = ['--import', 'tsx', '--input-type=module', '--eval', prelude];
  return (await promisify(execFile)(process.execPath, command, {cwd: packageDirectory, timeout: 20_000})).stdout;
}

describe('a Node process with the simd engine', () => {
  it('does not keep a process alive', async () => {
    expect(await program('console.log(tf.matMul(tf.ones([200, 200]), tf.ones([200, 200])).sum().dataSync()[0]);')).toBe(
      '8000000\n',
    );
  });

  it('uses no processor time while it is idle', async () => {
    const used = await program(`
      tf.matMul(tf.ones([400, 400]), tf.ones([400, 400])).dispose();
      await new Promise((resolve) => setTimeout(resolve, 200));
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const {user, system} = process.cpuUsage(before);
      console.log(user + system);`);
    // Microseconds of a second. A thread that turns takes all of it; starting up may still have its echo on a busy machine.
    expect(Number(used)).toBeLessThan(250_000);
  });
});
