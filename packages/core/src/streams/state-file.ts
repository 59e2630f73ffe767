import {CheckpointError} from '../errors';
import {nodeFiles} from '../files/node';
import {reasonOf} from '../files/text';

/** Writes bytes to a file; in Node. */
export async function writeStateFile(path: string, bytes: Uint8Array): Promise<void> {
  const {writeFile} = await nodeFiles(`writing ${path} (elsewhere toBytes gives the bytes to store)`);
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new CheckpointError(`${path}: cannot be written (${reasonOf(error)})`, {cause: error});
  }
}
