import {PassThrough} from 'node:stream';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import {start} from '@variants/core';
import {afterEach, beforeAll, describe, expect, it} from 'vitest';
import type {Library} from '../../src/engine/peers/computation';
import {fftjsLibrary} from '../../src/engine/peers/fftjs/operations';
import {PeerProcess} from '../../src/engine/peers/peer-process';
import {serve, TaskServer} from '../../src/engine/peers/serve';
import {engineLibrary} from '../../src/engine/peers/simd/operations';
import {plainTfjs} from '../../src/engine/peers/tfjs/operations';
import {groupsOf, tinySizes} from '../../src/engine/tasks/cases';
import type {Task} from '../../src/engine/tasks/task';

const cases = groupsOf(tinySizes).flatMap(({name, cases}) =>
  cases.map(({name: caseName, task}) => [`${name}: ${caseName}`, task] as const),
);
beforeAll(async () => {
  // tfjs counts tensors on a backend that has started.
  await start({engine: 'cpu'});
});

const exp: Task = {operation: 'exp', shape: [4]};

async function resultOn(library: Library, task: Task): Promise<number[] | 'none'> {
  const server = new TaskServer(library);
  const reply = await server.answer({task});
  if ('none' in reply) return 'none';
  expect(await server.answer({calls: 2, untimed: 1})).toEqual({milliseconds: expect.any(Number)});
  await server.dispose();
  return (reply as {result: number[]}).result;
}

describe('a task in its smallest size', () => {
  it.each(cases)('%s: the engine computes what tfjs does', async (_, task) => {
    await start({engine: 'simd'});
    const ours = (await resultOn(engineLibrary(2), task)) as number[];
    await start({engine: 'cpu'});
    const theirs = await resultOn(plainTfjs, task);
    if (task.operation === 'multiplyAdd') return expect([ours, theirs]).toEqual([[], 'none']);
    expect(ours.length).toBeGreaterThan(0);
    const largest = Math.max(...ours.map(Math.abs), 1);
    ours.forEach((value, i) => {
      expect(Math.abs(value - (theirs as number[])[i])).toBeLessThan(1e-5 * largest);
    });
  });
});

describe('fft.js', () => {
  it.each(cases.filter(([, {operation}]) => operation in fftjsLibrary))(
    '%s: computes what the engine does',
    async (_, task) => {
      await start({engine: 'simd'});
      const ours = (await resultOn(engineLibrary(2), task)) as number[];
      const theirs = (await resultOn(fftjsLibrary, task)) as number[];
      ours.forEach((value, i) => {
        expect(theirs[i]).toBeCloseTo(value, 5);
      });
    },
  );
});

describe('TaskServer', () => {
  it('has none of what a backend lacks', async () => {
    await tf.setBackend('wasm');
    expect(await resultOn(plainTfjs, {operation: 'fft', shape: [2, 8]})).toBe('none');
  });

  it('answers errors with a line, and goes on', async () => {
    const library: Library = {
      exp() {
        throw new Error('out of memory\n    at somewhere');
      },
    };
    const server = new TaskServer(library);
    expect(await server.answer({calls: 1, untimed: 0})).toEqual({error: 'there is no task'});
    expect(await server.answer({task: exp})).toEqual({error: 'out of memory'});
    expect(await server.answer({task: {operation: 'gelu', shape: [1]}})).toEqual({none: true});
  });

  it('counts the timed calls alone, and frees the last task', async () => {
    const events: string[] = [];
    const make = () => ({
      run: () => void events.push('run'),
      result: async () => [7],
      dispose: () => void events.push('dispose'),
    });
    const [input, output] = [new PassThrough(), new PassThrough()];
    const served = serve({exp: make}, input, output);
    for (const request of [{task: exp}, {calls: 2, untimed: 3}, {task: exp}])
      input.write(`${JSON.stringify(request)}\n`);
    input.end();
    await served;
    const lines = output
      .read()
      .toString()
      .trim()
      .split('\n')
      .map(JSON.parse as (line: string) => unknown);
    expect(lines).toEqual([{result: [7]}, {milliseconds: expect.any(Number)}, {result: [7]}]);
    expect(events).toEqual(['run', ...Array(5).fill('run'), 'dispose', 'run', 'dispose']);
  });
});

describe('PeerProcess', () => {
  let peer: PeerProcess | undefined;
  afterEach(() => peer?.stop());

  /** A process that runs a program for each line it is sent. */
  const peerOf = (program: string, patience = 20) => {
    const source = `require('node:readline').createInterface({input: process.stdin}).on('line', (line) => {${program}})`;
    peer = new PeerProcess('test', false, {file: process.execPath, args: ['-e', source]}, patience);
    return peer;
  };

  it('asks and gets answers, a line each', async () => {
    const peer = peerOf("console.log(JSON.stringify({result: [line.length, line.includes('task') ? 1 : 0]}))");
    expect(await peer.prepare(exp)).toEqual({result: [JSON.stringify({task: exp}).length, 1]});
    expect(await peer.time(3, 1)).toEqual({result: [JSON.stringify({calls: 3, untimed: 1}).length, 0]});
  });

  it('says why a process ended, and starts another for the next task', async () => {
    const peer = peerOf("console.error('no memory left'); process.exit(3)");
    expect(await peer.prepare(exp)).toEqual({error: 'no memory left'});
    expect(await peer.prepare(exp)).toEqual({error: 'no memory left'});
    expect(await peerOf('process.exit(3)').prepare(exp)).toEqual({error: 'the process ended with 3'});
    const nowhere = new PeerProcess('test', false, {file: '/no/such/program', args: []}, 1);
    expect(await nowhere.prepare(exp)).toEqual({error: expect.stringContaining('ENOENT')});
  });

  it('does not wait forever', async () => {
    const peer = peerOf("if (line.includes('task')) console.log('{\"result\":[]}')", 0.2);
    await peer.prepare(exp);
    expect(await peer.time(1, 0)).toEqual({tooLong: 0.2});
    expect(await peer.prepare(exp)).toEqual({result: []});
  });

  it('can be stopped in the middle of a call', async () => {
    const peer = peerOf('while (true);');
    const answer = peer.prepare(exp);
    setTimeout(() => peer.stop(), 200);
    expect(await answer).toEqual({error: 'stopped'});
  });
});
