import {byteTokenizer, type LanguageModel, type StreamState} from '@variants/core';
import type {DecodingPoint} from './results';

const WARM_UP = 3;
const MEASURED = 16;

/** The middle value; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/**
 * Times decoding at several lengths of context: fills a stream up with the text, then times single tokens, each with
 * reading its logits, as a generator must.
 * @param tokens At least as many as the longest context.
 */
export async function measureDecoding(
  model: LanguageModel,
  tokens: readonly number[],
  contexts: readonly number[],
): Promise<DecodingPoint[]> {
  const points: DecodingPoint[] = [];
  for (const context of contexts) points.push(await decodingAt(model, tokens.slice(0, context - WARM_UP), context));
  return points;
}

async function decodingAt(model: LanguageModel, prompt: readonly number[], context: number): Promise<DecodingPoint> {
  const prefill = model.stream(prompt, null, {lastOnly: true});
  prefill.logits.dispose();
  let state: StreamState = prefill.state;
  const times: number[] = [];
  let stateBytes = 0;
  for (let i = 0; i < WARM_UP + MEASURED; i++) {
    if (i === WARM_UP) stateBytes = state.bytes;
    const before = performance.now();
    const step = model.stream([prompt[i % prompt.length]], state, {lastOnly: true});
    await step.logits.data();
    if (i >= WARM_UP) times.push(performance.now() - before);
    step.logits.dispose();
    state = step.state;
  }
  state.dispose();
  return {context, millisecondsPerToken: median(times), stateBytes};
}

/** A continuation of `prompt` in the model's words. */
export async function sampleText(model: LanguageModel, prompt: string, seed: number): Promise<string> {
  let text = prompt;
  const options = {tokenizer: byteTokenizer, maxTokens: 160, temperature: 0.8, seed};
  for await (const piece of model.generate(prompt, options)) text += piece;
  return text;
}
