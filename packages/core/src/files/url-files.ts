import {CheckpointError} from '../errors';
import {type ByteSource, responseSource, urlSource} from './bytes';
import {type FileSet, jsonReader} from './file-set';

const weightFile = /\.(safetensors|pt|pth|bin|ckpt|json)$/i;
const statusesOfMissingFiles = [403, 404, 410];

/** What stands at an address, or undefined when nothing does. */
async function fetchIfThere(url: URL): Promise<ByteSource | undefined> {
  // A missing file can also be a refused request (no CORS headers); what must be there will be fetched again and fail.
  const response = await fetch(url).catch(() => undefined);
  if (!response) return undefined;
  // Servers of single-page apps send their page for every address that does not exist.
  const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
  if (response.ok && !isPage) return responseSource(String(url), response);
  await response.body?.cancel();
  if (response.ok || statusesOfMissingFiles.includes(response.status)) return undefined;
  throw new CheckpointError(`${url}: the server answers with HTTP status ${response.status}`);
}

/**
 * The files at an address: of a file (known by its extension) it and the configuration beside it, else of a folder with
 * model.safetensors or model.safetensors.index.json and its parts. An address without siblings (data:, blob:) is a file.
 */
export async function openUrl(url: URL): Promise<FileSet> {
  const hasSiblings = url.protocol === 'http:' || url.protocol === 'https:';
  const isFile = !hasSiblings || weightFile.test(url.pathname);
  const base = new URL(url);
  if (!isFile && !base.pathname.endsWith('/')) base.pathname += '/';
  const fetched = new Map<string, ByteSource>();
  const tryFetch = async (name: string) => {
    const source = await fetchIfThere(new URL(name, base));
    if (source) fetched.set(name, source);
    return source;
  };
  if (hasSiblings) (await tryFetch('config.json')) ?? (await tryFetch('params.json'));
  const main = isFile ? nameOfFile(url, hasSiblings) : await mainOfFolder(tryFetch);
  const open = async (name: string) =>
    fetched.get(name) ?? urlSource(name === main && isFile ? url : new URL(name, base));
  return {name: String(url), names: [...new Set([...fetched.keys(), main])], main, open, json: jsonReader(open)};
}

function nameOfFile(url: URL, hasSiblings: boolean): string {
  return (hasSiblings && url.pathname.split('/').at(-1)) || 'weights';
}

async function mainOfFolder(tryFetch: (name: string) => Promise<ByteSource | undefined>): Promise<string> {
  const index = 'model.safetensors.index.json';
  return (await tryFetch(index)) ? index : 'model.safetensors';
}
