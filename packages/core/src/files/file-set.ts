import {type ByteSource, readAll} from './bytes';
import {parseJson, utf8} from './json';

/** The files of a checkpoint. */
export interface FileSet {
  /** The source as it was named, for messages. */
  readonly name: string;
  /** The files that are known to be there. */
  readonly names: readonly string[];
  /** The weight file, where the source named one. */
  readonly main?: string;
  /** Opens a file; a CheckpointError if it is not there. Close the result. */
  open(name: string): Promise<ByteSource>;
  /** Reads a file as JSON. */
  json(name: string): Promise<unknown>;
}

/** The `json` of a file set, given its `open`. */
export function jsonReader(open: (name: string) => Promise<ByteSource>): (name: string) => Promise<unknown> {
  return async (name) => {
    const source = await open(name);
    return parseJson(utf8(await readAll(source), source.name), source.name);
  };
}
