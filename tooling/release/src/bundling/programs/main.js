import {work} from './work.js';

/** The same on the page's thread and in a worker. */
async function both() {
  const here = await work();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {type: 'module'});
  const inWorker = await new Promise((resolve, reject) => {
    worker.onmessage = ({data}) => resolve(data);
    worker.onerror = ({message}) => reject(new Error(`in the worker: ${message}`));
  });
  return {here, inWorker};
}

globalThis.result = both();
