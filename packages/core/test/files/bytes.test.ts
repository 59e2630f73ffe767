import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {type ByteSource, blobSource, bufferSource, fileSource, readAll, urlSource} from '../../src/files/bytes';
import {checkpointErrorOf} from './errors';
import {served} from './serve';
import {inTemporaryDirectory} from './temporary';

const content = Uint8Array.from({length: 100}, (_, i) => i);

async function expectToRead(source: ByteSource): Promise<void> {
  expect(source.size).toBe(100);
  expect(await source.read(10, 3)).toEqual(Uint8Array.of(10, 11, 12));
  expect(await source.read(100, 0)).toEqual(new Uint8Array(0));
  expect(await checkpointErrorOf(() => source.read(99, 2))).toBe(
    `${source.name}: bytes 99 to 101 are needed, but the file ends at byte 100`,
  );
  await checkpointErrorOf(() => source.read(-1, 2));
  const own = await source.read(0, 100);
  own.fill(7);
  expect(await source.read(0, 100)).toEqual(content);
  expect(await readAll(source)).toEqual(content);
}

describe('byte sources', () => {
  it('an ArrayBuffer, a Uint8Array in the middle of one, a Node Buffer', async () => {
    await expectToRead(bufferSource('b', content.slice().buffer));
    const larger = new Uint8Array(110);
    larger.set(content, 5);
    await expectToRead(bufferSource('b', larger.subarray(5, 105)));
    await expectToRead(bufferSource('b', Buffer.from(content)));
  });

  it('a Blob', () => expectToRead(blobSource('b', new Blob([content.slice()]))));

  it('a file', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'a');
      await writeFile(path, content);
      await expectToRead(await fileSource(path));
    }));

  it('a file that is cut while it is read, a directory, no file', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'a');
      await writeFile(path, content);
      const source = await fileSource(path);
      await writeFile(path, content.subarray(0, 20));
      expect(await checkpointErrorOf(() => source.read(10, 20))).toBe(`${path}: ended at byte 20 while it was read`);
      await source.close?.();
      expect(await checkpointErrorOf(async () => readAll(await fileSource(directory)))).toContain('EISDIR');
      expect(await checkpointErrorOf(() => fileSource(join(directory, 'b')))).toContain('ENOENT');
    }));

  it('an address, and what may go wrong with it', async () => {
    await served({'/a': content, '/b': {status: 500}}, async (base) => {
      await expectToRead(await urlSource(`${base}/a`));
      expect(await checkpointErrorOf(() => urlSource(`${base}/b`))).toBe(
        `${base}/b: the server answers with HTTP status 500`,
      );
      expect(await checkpointErrorOf(() => urlSource(new URL(`${base}/c`)))).toContain('HTTP status 404');
    });
    await expectToRead(await urlSource(`data:;base64,${Buffer.from(content).toString('base64')}`));
    expect(await checkpointErrorOf(() => urlSource('http://127.0.0.1:9/a'))).toMatch(
      /^http:\/\/127\.0\.0\.1:9\/a: cannot be fetched \(.+\)$/,
    );
  });
});
