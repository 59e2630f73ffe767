import {CheckpointError} from '../errors';
import {nodeFiles, nodePaths} from './node';
import {reasonOf} from './text';

/** A file's content in pieces, made when it is written. */
export type FileChunks = () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Writes files into a directory, which is made if it is missing, in Node. All are written under temporary names and take
 * their places when every byte is on the disk, in the order given; so an interruption never leaves half a file.
 * Afterwards those files are removed for which `isStale` holds and which were not just written.
 */
export async function replaceFiles(
  directory: string,
  files: ReadonlyMap<string, FileChunks>,
  isStale: (name: string) => boolean,
): Promise<void> {
  const {mkdir, readdir, rename, rm} = await nodeFiles(`writing to ${directory}`);
  const {join} = await nodePaths();
  const place = (name: string) => join(directory, name);
  const temporary = (name: string) => place(`${name}.partial`);
  try {
    await mkdir(directory, {recursive: true});
    for (const [name, chunks] of files) await writeChunks(temporary(name), chunks());
    for (const name of files.keys()) await rename(temporary(name), place(name));
    for (const name of await readdir(directory)) if (isStale(name) && !files.has(name)) await rm(place(name));
  } catch (error) {
    // What was not renamed yet; where the directory itself is the problem there is nothing to remove.
    for (const name of files.keys()) await rm(temporary(name), {force: true}).catch(() => undefined);
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${directory}: cannot be written (${reasonOf(error)})`, {cause: error});
  }
}

/** Writes a file; it is on the disk when this resolves. */
export async function writeChunks(path: string, chunks: ReturnType<FileChunks>): Promise<void> {
  const {open} = await nodeFiles(`writing ${path}`);
  const handle = await open(path, 'w');
  try {
    // writeFile goes on from where the handle stands until all is written, whatever its size.
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
