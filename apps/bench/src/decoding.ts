import {type LanguageModel, nextTask, type StreamState} from '@variants/core';
import type {DecodingPoint} from './results';

/** Tokens at each length of context: first some that are not timed. */
const numTokens = {warmUp: 3, measured: 16};

/** The middle value; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/**
 * Times decoding at several lengths of context: fills a stream up with the text, then times single tokens, each with
 * reading its logits, as a generator must.
 * @param tokens At least as many as the longest context.
 * @param signal Ends it; it then throws the signal's reason.
 */
export async function measureDecoding(
  model: LanguageModel,
  tokens: readonly number[],
  contexts: readonly number[],
  signal: AbortSignal,
): Promise<DecodingPoint[]> {
  const points: DecodingPoint[] = [];
  for (const context of contexts) points.push(await decodingAt(model, tokens.slice(0, context), signal));
  return points;
}

async function decodingAt(
  model: LanguageModel,
  tokens: readonly number[],
  signal: AbortSignal,
): Promise<DecodingPoint> {
  const {logits, state: prefilled} = model.stream(tokens.slice(0, -numTokens.warmUp), null, {lastOnly: true});
  logits.dispose();
  let state: StreamState = prefilled;
  const times: number[] = [];
  let stateBytes = 0;
  try {
    for (let i = 0; i < numTokens.warmUp + numTokens.measured; i++) {
      // Lets Ctrl-C through.
      await nextTask();
      signal.throwIfAborted();
      if (i === numTokens.warmUp) stateBytes = state.bytes;
      const before = performance.now();
      const step = model.stream([tokens[i % tokens.length]], state, {lastOnly: true});
      state = step.state;
      await step.logits.data();
      if (i >= numTokens.warmUp) times.push(performance.now() - before);
      step.logits.dispose();
    }
  } finally {
    state.dispose();
  }
  return {context: tokens.length, millisecondsPerToken: median(times), stateBytes};
}
