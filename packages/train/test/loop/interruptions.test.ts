import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readSafetensors} from '@variants/core';
import {afterAll, describe, expect, it} from 'vitest';
import {train} from '../../src/index';
import {training} from '../sources';
import {withTiny} from '../tiny-model';

const directory = mkdtempSync(join(tmpdir(), 'variants-interrupted-'));
afterAll(() => rmSync(directory, {recursive: true}));

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  /** Steps that its state has done. */
  step: number;
}

/** Runs the program, and sends it a signal when it trains. */
function interrupted(habit: string, signal: NodeJS.Signals): Promise<End> {
  const saveTo = join(directory, `${habit}-${signal}`);
  const program = join(import.meta.dirname, 'interrupted-program.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, saveTo, habit]);
  let output = '';
  let isSent = false;
  const read = (text: Buffer) => {
    output += text;
    if (isSent || !output.includes('trains')) return;
    isSent = true;
    child.kill(signal);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, endedBy) => {
      const {metadata} = readSafetensors(readFileSync(join(saveTo, 'training-state.safetensors')));
      resolve({code, signal: endedBy, output, step: JSON.parse(metadata.training).step});
    });
  });
}

describe('a process that is asked to end while it trains', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('saves, and ends as %s wants it', async (signal) => {
    const end = await interrupted('trains', signal);
    expect([end.code, end.signal]).toEqual([null, signal]);
    expect(end.step).toBeGreaterThanOrEqual(3);
    expect(end.output).toContain(`train: interrupted after step ${end.step}, saved to ${directory}`);
    expect(end.output).toContain('the option resume goes on from there');
  });

  it('saves while the body of the loop has the floor', async () => {
    const end = await interrupted('waits', 'SIGINT');
    expect([end.signal, end.step]).toEqual(['SIGINT', 1]);
  });

  it('goes on where the program listens itself', async () => {
    const end = await interrupted('listens', 'SIGINT');
    expect([end.code, end.signal, end.step]).toEqual([0, null, 1000]);
    expect(end.output).toContain('asked');
  });
});

it('nobody listens any more when no training runs, nor while one does that saves nowhere', () =>
  withTiny({}, async (model) => {
    const count = () => process.listenerCount('SIGINT');
    const before = count();
    const options = {steps: 3, batchSize: 2};
    for await (const {number} of train(model, training, {...options, saveTo: () => {}})) {
      expect(count()).toBe(before + 1);
      if (number === 2) break;
    }
    expect(count()).toBe(before);
    for await (const _ of train(model, training, options)) expect(count()).toBe(before);
  }));
