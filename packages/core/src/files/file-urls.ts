import * as tf from '@tensorflow/tfjs';
import {inNode, nodePaths} from './node';

const scheme = 'file://';

/** Tells our handlers from those of others, whichever copy of this package made them. */
const ours = Symbol.for('@variants/core: file URLs');

type Router = Parameters<typeof tf.io.registerLoadRouter>[0];

// tfjs means null by "not mine", which its types do not know.
const notMine = null as unknown as tf.io.IOHandler;

/**
 * Lets tfjs save and load models under file:// URLs in Node, as tfjs-node does: `model.save('file:///folder')`,
 * `tf.loadLayersModel('file:///folder/model.json')` and `tf.loadGraphModel`. A URL for which somebody else has a handler
 * is left to that one, whenever it was registered. In a browser nothing is registered.
 */
export function registerFileUrls(): void {
  if (!inNode() || tf.io.getSaveHandlers(scheme).some((handler) => ours in handler)) return;
  tf.io.registerSaveRouter(
    unlessAnotherDoes(tf.io.getSaveHandlers, (url) => ({
      save: async (artifacts) => {
        const {saveModelFiles} = await import('./save-model-files');
        return saveModelFiles(pathOfUrl(url, await nodePaths()), artifacts);
      },
    })),
  );
  tf.io.registerLoadRouter(
    unlessAnotherDoes(tf.io.getLoadHandlers, (url) => ({
      load: async () => {
        const {loadModelFiles} = await import('./load-model-files');
        return loadModelFiles(pathOfUrl(url, await nodePaths()));
      },
    })),
  );
}

/** A router for file:// URLs. tfjs takes two handlers of one URL for a mistake, so it first asks all other routers. */
function unlessAnotherDoes(
  handlersOf: typeof tf.io.getLoadHandlers,
  handler: (url: string) => tf.io.IOHandler,
): Router {
  let isAsking = false;
  return (url, options) => {
    if (isAsking || typeof url !== 'string' || !url.startsWith(scheme)) return notMine;
    isAsking = true;
    try {
      return handlersOf(url, options).length > 0 ? notMine : Object.assign(handler(url), {[ours]: true});
    } finally {
      isAsking = false;
    }
  };
}

/**
 * The path that a file:// URL means, absolute. As tfjs-node takes it: whatever follows the scheme, relative to the
 * working directory unless it begins with a slash or a drive (file:///C:/models, file://C:\models). Beyond that %20 and
 * the like are undone, unless a % that begins no such escape shows that the path is written as it is.
 * @param paths Node's path functions, those of the system in question.
 */
export function pathOfUrl(url: string, paths: Pick<typeof import('node:path'), 'resolve' | 'sep'>): string {
  const path = withoutEscapes(url.slice(scheme.length));
  return paths.resolve(paths.sep === '\\' ? path.replace(/^\/(?=[a-z]:)/i, '') : path);
}

function withoutEscapes(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
