/**
 * What a token costs when a Hyena generates, by how many came before it: streams of exact long convolutions, and of the
 * recurrences that `distil` fits. Prints a table in Markdown.
 *
 *     npx tsx packages/hyena/bench/decoding.ts [longest, default 16384] [width, default 32]
 */
import {type LanguageModel, type StreamState, start} from '@variants/core';
import {distil, hyena} from '../src';

const [longest = 16384, hiddenSize = 32] = process.argv.slice(2).map(Number);
await start({engine: 'simd'});
const model = hyena({vocabSize: 256, hiddenSize, numLayers: 2, maxSequenceLength: longest});

/** The mean milliseconds of a token in each doubling of the length, from 256 on. */
function millisecondsPerToken(of: LanguageModel): number[] {
  const means: number[] = [];
  let state: StreamState | null = null;
  let began = performance.now();
  let from = 0;
  for (let length = 1; length <= longest; length++) {
    const step: ReturnType<LanguageModel['stream']> = of.stream([[length % 256]], state, {lastOnly: true});
    step.logits.dispose();
    state = step.state;
    if (length < 128 || (length & (length - 1)) !== 0) continue;
    const now = performance.now();
    if (length >= 256) means.push((now - began) / (length - from));
    [began, from] = [now, length];
  }
  state?.dispose();
  return means;
}

const distilled = await distil(model, {order: 16});
const [exact, recurrent] = [millisecondsPerToken(model), millisecondsPerToken(distilled.model)];
const errors = distilled.errors.map(({relativeError}) => relativeError.toExponential(1)).join(', ');
console.log(`width ${hiddenSize}, 2 layers; relative errors of the distilled filters: ${errors}\n`);
console.log('| tokens | exact, ms/token | distilled, ms/token |\n| --- | --- | --- |');
exact.forEach((mean, i) => {
  const length = 256 * 2 ** i;
  console.log(`| ${length / 2} to ${length} | ${mean.toFixed(3)} | ${recurrent[i].toFixed(3)} |`);
});
