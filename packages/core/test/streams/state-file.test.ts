import {mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {CheckpointError} from '../../src/errors';
import {StreamState} from '../../src/streams/stream-state';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

const withState = async (body: (state: StreamState) => Promise<void>) => {
  const state = new StreamState({keys: tf.tensor2d([[1, 2, 3]]), position: 3});
  try {
    await body(state);
  } finally {
    state.dispose();
  }
};

async function expectSame(loaded: StreamState, original: StreamState) {
  expect(await loaded.toBytes()).toEqual(await original.toBytes());
  loaded.dispose();
}

describe('a state saved', () => {
  it('is read back from its path, its URL, a File and a Blob', () =>
    withState(async (state) => {
      const path = join(folder, 'prompt.state');
      await state.save(path);
      const bytes = new Uint8Array(readFileSync(path));
      for (const source of [
        path,
        pathToFileURL(path),
        pathToFileURL(path).href,
        new Blob([bytes]),
        new File([bytes], 'x'),
      ])
        await expectSame(await StreamState.load(source), state);
      const dataUrl = `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
      await expectSame(await StreamState.load(dataUrl), state);
    }));

  it('replaces a file that was there', () =>
    withState(async (state) => {
      const path = join(folder, 'twice.state');
      writeFileSync(path, Buffer.alloc(10_000));
      await state.save(path);
      await expectSame(await StreamState.load(path), state);
    }));

  it('keeps what it was when saving began, while the stream goes on', () =>
    withState(async (state) => {
      const copy = state.clone();
      const path = join(folder, 'busy.state');
      const saving = copy.save(path);
      copy.dispose();
      await saving;
      await expectSame(await StreamState.load(path), state);
    }));

  it('gives clear errors for paths that cannot be written or read', () =>
    withState(async (state) => {
      const missing = join(folder, 'nowhere', 'prompt.state');
      await expect(state.save(missing)).rejects.toThrow(CheckpointError);
      await expect(state.save(missing)).rejects.toThrow(/nowhere.*cannot be written/);
      await expect(StreamState.load(missing)).rejects.toThrow(CheckpointError);
      await expect(StreamState.load(missing)).rejects.toThrow(/nowhere.*cannot be read/);
      await expect(StreamState.load(folder)).rejects.toThrow(CheckpointError);
    }));

  it('names its file when that is truncated', () =>
    withState(async (state) => {
      const path = join(folder, 'short.state');
      await state.save(path);
      truncateSync(path, 60);
      await expect(StreamState.load(path)).rejects.toThrow(/short\.state/);
      await expect(StreamState.load(new File([readFileSync(path)], 'dropped.state'))).rejects.toThrow(/dropped\.state/);
    }));
});
