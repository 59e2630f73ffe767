import {
  ConfigError,
  type LanguageModel,
  requireConfig,
  requireLanguageModel,
  requireState,
  type StreamState,
  shown,
} from '@variants/core';
import {type CacheSize, windowField} from './config';
import {AttentionSinks} from './model';

/**
 * Makes room in a stream for tokens that are to come, as in a chat before each prompt: keeps the first `numSinks` tokens and
 * so many of the last that the cache holds numSinks + windowSize when those have come. While there is room for them, nothing
 * happens; where windowSize or more are to come, the sinks alone stay. Positions count in the cache from then on.
 *
 *     state = makeRoom(model, state, prompt.length + maxTokens);      then the prompt, and its answer token by token
 *
 * What deeper layers remember of the tokens that stay, they found when the others were there, which is not what a new start
 * with the same tokens gives (`evict_for_space` of mit-han-lab/streaming-llm).
 *
 * @param model Its layers remember by attention without a window: an AttentionSinks whose `cache` is 'growing', or any other
 *   causal language model with rotary positions or ALiBi.
 * @param state The stream so far, which is used up; null before it begins.
 * @param coming How many tokens are to come.
 * @param size Default: that of the model's configuration, where it has one.
 * @returns The state to go on with; null where nothing stays, for a new stream.
 * @throws ConfigError where the model cannot forget, or a size is none.
 */
export function makeRoom(
  model: LanguageModel,
  state: StreamState | null,
  coming: number,
  size: CacheSize | undefined = model instanceof AttentionSinks ? model.config : undefined,
): StreamState | null {
  requireLanguageModel('makeRoom', model);
  requireState('makeRoom', state);
  const numSinks = size?.numSinks;
  const windowSize = size?.windowSize;
  const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  requireConfig(isCount(coming), 'makeRoom', `coming is ${shown(coming)}, but must be a whole number of at least 0`);
  if (!isCount(numSinks))
    throw new ConfigError(`makeRoom: numSinks is ${shown(numSinks)}, but must be a whole number of at least 0`);
  const {allowed, accepts} = windowField();
  if (!accepts(windowSize))
    throw new ConfigError(`makeRoom: windowSize is ${shown(windowSize)}, but must be ${allowed}`);
  if (!state) return null;
  // The model's own first token is none of the stream's.
  const own = model instanceof AttentionSinks && model.config.sinkToken !== null ? 1 : 0;
  const held = state.length + own;
  if (held + coming <= numSinks + (windowSize as number)) return state;
  const start = Math.max(0, Math.min(numSinks, held) - own);
  const end = Math.min(held, held - (windowSize as number) + coming) - own;
  if (start >= end) return state;
  if (end - start < state.length) return model.forget(state, start, end);
  state.dispose();
  return null;
}
