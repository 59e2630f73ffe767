import {CheckpointError} from '../errors';
import {nodeFiles} from './node';
import {reasonOf} from './text';

/** A file or buffer that can be read in pieces. */
export interface ByteSource {
  /** Path, address or file name, for messages. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** Exactly `length` bytes from `offset` on, in memory of their own; a CheckpointError when there are fewer. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Frees what the source holds open. */
  close?(): Promise<void>;
}

function assertInside(name: string, size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new CheckpointError(
    `${name}: bytes ${offset} to ${offset + length} are needed, but the file ends at byte ${size}`,
  );
}

/** Bytes in memory as a source. The buffer is not copied as a whole; what is read of it is. */
export function bufferSource(name: string, data: ArrayBuffer | Uint8Array): ByteSource {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      assertInside(name, bytes.length, offset, length);
      // The constructor copies; a Node Buffer's slice() would share its memory.
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
}

/** A Blob or File of a browser as a source; only what is asked for is read. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      assertInside(name, blob.size, offset, length);
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (error) {
        throw new CheckpointError(`${name}: cannot be read (${reasonOf(error)})`, {cause: error});
      }
    },
  };
}

/** What stands at an http(s), data or blob address, fetched as a whole. */
export async function urlSource(url: string | URL): Promise<ByteSource> {
  const name = String(url);
  const response = await fetch(url).catch((error) => {
    throw new CheckpointError(`${name}: cannot be fetched (${reasonOf(error)})`, {cause: error});
  });
  if (response.ok) return responseSource(name, response);
  await response.body?.cancel();
  throw new CheckpointError(`${name}: the server answers with HTTP status ${response.status}`);
}

/** The whole body of a response. */
export async function responseSource(name: string, response: Response): Promise<ByteSource> {
  try {
    return bufferSource(name, await response.arrayBuffer());
  } catch (error) {
    throw new CheckpointError(`${name}: the connection broke (${reasonOf(error)})`, {cause: error});
  }
}

// Node reads at most 2^31 - 1 bytes at once.
const largestRead = 2 ** 30;

/** A file in Node as a source; only what is asked for is read. Close it when done. */
export async function fileSource(path: string): Promise<ByteSource> {
  const {open} = await nodeFiles(`reading ${path}`);
  const failure = (error: unknown) =>
    new CheckpointError(`${path}: cannot be read (${reasonOf(error)})`, {cause: error});
  try {
    const handle = await open(path, 'r');
    const {size} = await handle.stat();
    return {
      name: path,
      size,
      async read(offset, length) {
        assertInside(path, size, offset, length);
        const bytes = new Uint8Array(length);
        for (let done = 0; done < length; ) {
          const {bytesRead} = await handle
            .read(bytes, done, Math.min(length - done, largestRead), offset + done)
            .catch((error) => Promise.reject(failure(error)));
          if (bytesRead === 0) throw new CheckpointError(`${path}: ended at byte ${offset + done} while it was read`);
          done += bytesRead;
        }
        return bytes;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw failure(error);
  }
}

/** All bytes of a source, which is closed afterwards. */
export async function readAll(source: ByteSource): Promise<Uint8Array> {
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close?.();
  }
}
