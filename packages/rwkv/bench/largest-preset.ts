/**
 * Makes the largest preset whose weights fit the engine, saves, loads and streams it, and says how much memory that took:
 * `node --import tsx packages/rwkv/bench/largest-preset.ts [preset]`.
 */
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {saveCheckpoint, start} from '@variants/core';
import {fromPretrained, presets, type Rwkv, rwkv} from '../src';
import {countParameters, resolveRwkvConfig} from '../src/config';
import {median} from './median';

const name = (process.argv[2] ?? '4-430M') as keyof typeof presets;
const weightBytes = 4 * countParameters(resolveRwkvConfig(presets[name]));

async function timed<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
  const begin = performance.now();
  const result = await run();
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(
    `${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s, peak memory so far ${(peak / weightBytes).toFixed(2)} times the weights`,
  );
  return result;
}

async function stream(model: Rwkv): Promise<void> {
  const times: number[] = [];
  let before = performance.now();
  for await (const _ of model.generate([1, 2, 3], {maxTokens: 20})) {
    times.push(performance.now() - before);
    before = performance.now();
  }
  console.log(`${median(times).toFixed(0)} ms a token`);
}

await start({engine: 'simd'});
console.log(`${name}: weights of ${(weightBytes / 2 ** 30).toFixed(2)} GiB`);
const directory = mkdtempSync(join(tmpdir(), 'variants-rwkv-'));
try {
  const fresh = await timed('made', async () => rwkv(presets[name]));
  await timed('saved', () => saveCheckpoint(fresh, directory));
  await timed('streamed', () => stream(fresh));
  fresh.dispose();
  const loaded = await timed('loaded', () => fromPretrained(directory));
  await timed('streamed', () => stream(loaded));
  loaded.dispose();
} finally {
  rmSync(directory, {recursive: true});
}
