import {work} from './work.js';

work().then(
  (result) => postMessage(result),
  (error) => postMessage(String(error)),
);
