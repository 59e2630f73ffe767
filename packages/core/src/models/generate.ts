import {ConfigError, DataError} from '../errors';
import {nextTask} from '../event-loop';
import {listOfIds} from '../ids';
import type {StreamDecoder} from '../tokenizer';
import {type GenerateOptions, type GenerateSettings, resolveOptions, type TextOptions} from './generate-options';
import {GenerationWindow, type TokenStream} from './generation-window';
import {stopSequences} from './stop-sequences';
import {StopWatch} from './stop-watch';
import {TokenChooser} from './token-chooser';

/**
 * Continues token ids: yields the new ones as they are drawn. Between two of them the event loop goes on.
 *
 * A model with a limited context sees the last `contextLength` tokens, from position 0 on, and beyond the limit computes
 * all of them anew for each token; so does one that is no good beyond the length that it was trained on (`trainedLength`).
 * With the option `state`, whose tokens are not known, the model's ShapeError ends the
 * generation there.
 * @param prompt At least one token unless the option `state` is given.
 * @throws ConfigError for an option and DataError for an empty prompt without a state that was fed, both at the call; DataError for a token that the model
 *   does not have.
 */
export function generateTokens(
  model: TokenStream,
  prompt: ArrayLike<number>,
  options: GenerateOptions = {},
): AsyncGenerator<number, void, void> {
  const settings = resolveOptions(options);
  const {plainTexts, tokens} = stopSequences(settings);
  if (plainTexts.length > 0)
    throw new ConfigError(
      `generate: the stop ${JSON.stringify(plainTexts[0])} is a text; where ids are generated only token ids can be`,
    );
  const ids = promptIds(prompt, settings);
  return flat(withoutStops(draw(model, ids, settings), new StopWatch<readonly number[]>([], tokens)));
}

/**
 * Continues a text: yields the new text piece by piece, never a part of a character.
 * @param prompt A text, or its ids, of at least one token unless the option `state` is given.
 * @throws As {@link generateTokens}.
 */
export function generateText(
  model: TokenStream,
  prompt: string | ArrayLike<number>,
  options: GenerateOptions & TextOptions,
): AsyncGenerator<string, void, void> {
  const settings = resolveOptions(options);
  const {texts, tokens: ids, marks} = stopSequences(settings);
  const {tokenizer} = options;
  const promptTokens = promptIds(typeof prompt === 'string' ? tokenizer.encode(prompt) : prompt, settings);
  const tokens = withoutStops(draw(model, promptTokens, settings), new StopWatch<readonly number[]>([], ids));
  const decoder = tokenizer.decoder(promptTokens, (settings.state?.length ?? 0) > 0);
  return withoutMarks(withoutStops(decode(flat(tokens), decoder, marks), new StopWatch('', texts)), marks);
}

function promptIds(prompt: ArrayLike<number>, {state}: GenerateSettings): number[] {
  const ids = Array.from(listOfIds(prompt, 'generate: the prompt'));
  if (ids.length > 0) return ids;
  if (!state) throw new DataError('generate: the prompt is empty; give at least one token, or a state to go on with');
  if (state.length === 0)
    throw new DataError('generate: the prompt is empty, and the state was fed no token yet; give at least one token');
  return ids;
}

/** Draws token after token, each in a list of its own. */
async function* draw(
  model: TokenStream,
  prompt: readonly number[],
  settings: GenerateSettings,
): AsyncGenerator<readonly number[], void, void> {
  const {maxTokens, signal} = settings;
  const tokens = [...prompt];
  const chooser = new TokenChooser(prompt, settings);
  const window = new GenerationWindow(model, settings.state);
  try {
    for (let n = 0; n < maxTokens; n++) {
      signal?.throwIfAborted();
      const token = chooser.choose(await window.logitsAfter(tokens));
      await nextTask();
      signal?.throwIfAborted();
      tokens.push(token);
      yield [token];
    }
  } finally {
    window.dispose();
  }
}

async function* withoutStops<Piece extends string | readonly number[]>(
  pieces: AsyncIterable<Piece>,
  watch: StopWatch<Piece>,
): AsyncGenerator<Piece, void, void> {
  for await (const piece of pieces) {
    const {ready, stopped} = watch.push(piece);
    if (ready.length > 0) yield ready;
    if (stopped) return;
  }
  const rest = watch.end();
  if (rest.length > 0) yield rest;
}

async function* flat(lists: AsyncIterable<readonly number[]>): AsyncGenerator<number, void, void> {
  for await (const list of lists) yield* list;
}

/** The text of tokens, in which some special tokens are marked. */
async function* decode(
  tokens: AsyncIterable<number>,
  decoder: StreamDecoder,
  marks: ReadonlyMap<number, string>,
): AsyncGenerator<string, void, void> {
  for await (const token of tokens) yield decoder.push(token) + (marks.get(token) ?? '');
  yield decoder.end();
}

async function* withoutMarks(
  pieces: AsyncIterable<string>,
  marks: ReadonlyMap<number, string>,
): AsyncGenerator<string, void, void> {
  for await (const piece of pieces) {
    const text = [...marks.values()].reduce((text, mark) => text.replaceAll(mark, ''), piece);
    if (text.length > 0) yield text;
  }
}
