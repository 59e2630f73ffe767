// Makes Node look like a browser without WebGL to a bundle that was built for one: tfjs decides by these two globals.
globalThis.WorkerGlobalScope = class {};
Object.defineProperty(globalThis, 'process', {value: undefined});
