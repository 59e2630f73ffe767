import {format} from 'node:util';
import * as tf from '@tensorflow/tfjs';
import {vi} from 'vitest';

/** Imports a file and returns what it prints. Tensors that it makes are freed after it. */
export async function runExample(file: string): Promise<string> {
  let printed = '';
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => {
    printed += `${format(...values)}\n`;
  });
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  const engine = tf.engine();
  const variablesBefore = new Set(Object.keys(engine.state.registeredVariables));
  engine.startScope();
  try {
    await import(/* @vite-ignore */ file);
    return printed;
  } finally {
    engine.endScope();
    for (const [name, variable] of Object.entries(engine.state.registeredVariables))
      if (!variablesBefore.has(name)) variable.dispose();
    log.mockRestore();
    write.mockRestore();
  }
}
