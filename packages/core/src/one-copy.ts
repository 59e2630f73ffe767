import {version} from '../package.json';

/** Under which a copy of this package says that it is there, to all others that the program loads. */
const key = Symbol.for('@variants/core');

/** What all copies share. */
const shared = globalThis as {[key]?: string};

// Two copies have one tfjs, but classes of their own: to one of them a layer, a state or an error of the other is none.
if (shared[key] !== undefined)
  console.warn(
    `@variants/core: two copies are loaded, ${shared[key]} and ${version}, and neither knows the other's layers and states; ` +
      'see "npm ls @variants/core", update the packages that ask for the older one, then run "npm dedupe"',
  );
shared[key] ??= version;
