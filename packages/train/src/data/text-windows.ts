import {byteTokenizer, DataError, requireArgument, requireGiven, shown, type Tokenizer} from '@variants/core';
import {requireWhole} from '../checks';
import {heldOutStretches, type Stretch, stretchesBetween} from './held-out';
import {splitText} from './split-text';
import {isIds, type TokenArray, type TokenIds, tokenArray} from './token-ids';
import {orderedWindows, randomWindows, type TokenWindows, vocabSizeOf} from './token-windows';

/** Options of {@link textWindows}. */
export interface TextWindowsOptions {
  /** T: positions of an example. */
  sequenceLength: number;
  /** Makes tokens of text; token arrays do not need it. Default {@link byteTokenizer}. */
  tokenizer?: Tokenizer;
  /** The share held out for validation, above 0 and below 1; has no use where both parts are given. Default 0.1. */
  validationFraction?: number;
  /** Number of token ids, for token arrays. Default: the greatest + 1. */
  vocabSize?: number;
}

/** What {@link textWindows} gives. */
export interface TextWindows {
  /** Windows that start anywhere in the training part, without end. */
  training: TokenWindows;
  /** Windows one behind the other over the part held out. */
  validation: TokenWindows;
}

/** What windows can be cut of: a text, token ids, or two parts of either. */
export type WindowSource = string | TokenIds | {training: string | TokenIds; validation: string | TokenIds};

/** The names of {@link TextWindowsOptions}. */
export const textWindowsOptions = ['sequenceLength', 'tokenizer', 'validationFraction', 'vocabSize'];

/**
 * Cuts a text, or tokens, into windows for training and others for validation.
 * @param source a text, which is split as {@link splitText} does; token ids, in an array or a typed array, of which evenly
 *   spread stretches are held out; or two parts, each of them one or the other
 * @throws DataError when a part is too short for one window, or is neither text nor ids
 */
export function textWindows(source: WindowSource, options: TextWindowsOptions): TextWindows {
  requireGiven('textWindows', options, textWindowsOptions);
  const {sequenceLength, validationFraction = 0.1} = options;
  requireWhole('textWindows', 'sequenceLength', sequenceLength, 1);
  const {training, validation} = partsOf(source, options);
  const isSplit = typeof source === 'object' && !isIds(source);
  requireWindow('training', training, sequenceLength, isSplit ? 1 : 1 - validationFraction);
  requireWindow('validation', validation, sequenceLength, isSplit ? 1 : validationFraction);
  const windowsOf = ({tokens: _, ...part}: Part) => ({sequenceLength, ...part});
  return {
    training: randomWindows(training.tokens, windowsOf(training)),
    validation: orderedWindows(validation.tokens, windowsOf(validation)),
  };
}

interface Part {
  name: string;
  tokens: TokenArray;
  vocabSize: number;
  bytesPerToken?: number;
}

function partsOf(source: WindowSource, options: TextWindowsOptions): {training: Part; validation: Part} {
  const {tokenizer = byteTokenizer, validationFraction: share = 0.1, vocabSize} = options;
  const isTokenizer = typeof (tokenizer as Partial<Tokenizer> | null)?.encode === 'function';
  requireArgument('textWindows', 'tokenizer', tokenizer, isTokenizer, 'a Tokenizer, such as byteTokenizer');
  if (isIds(source)) return tokenParts(tokenArray(source, 'textWindows'), share, vocabSize);
  const {training, validation} = typeof source === 'string' ? splitText(source, {validation: share}) : bothOf(source);
  const ids = [training, validation].filter(isIds).map((part) => tokenArray(part, 'textWindows'));
  const known = vocabSize ?? Math.max(...ids.map((part) => vocabSizeOf(part, undefined, 'textWindows')));
  const partOf = (which: string, part: string | TokenIds) =>
    typeof part === 'string' ? textPart(which, part, tokenizer) : idsPart(which, part, known);
  return {training: partOf('training', training), validation: partOf('validation', validation)};
}

/** The two parts of a source that is neither text nor ids. */
function bothOf(source: unknown): {training: string | TokenIds; validation: string | TokenIds} {
  const {training, validation} = (source ?? {}) as {training?: unknown; validation?: unknown};
  const isPart = (part: unknown): part is string | TokenIds => typeof part === 'string' || isIds(part);
  if (isPart(training) && isPart(validation)) return {training, validation};
  const parts = training === undefined || validation === undefined ? 'the text' : 'a part of the text';
  const given = parts === 'the text' ? source : isPart(training) ? validation : training;
  throw new DataError(
    `textWindows: ${parts} is ${shown(given)}, but must be a text, token ids, or {training, validation}, two of either`,
  );
}

function idsPart(which: string, ids: TokenIds, wanted: number): Part {
  const name = `${which} tokens`;
  const tokens = tokenArray(ids, name);
  return {name, tokens, vocabSize: vocabSizeOf(tokens, wanted, name)};
}

function textPart(which: string, text: string, tokenizer: Tokenizer): Part {
  const tokens = Int32Array.from(tokenizer.encode(text));
  const bytesPerToken = new TextEncoder().encode(text).length / tokens.length;
  return {name: `${which} text`, tokens, vocabSize: tokenizer.vocabSize, bytesPerToken};
}

function tokenParts(tokens: TokenArray, share: number, wanted?: number): {training: Part; validation: Part} {
  const vocabSize = vocabSizeOf(tokens, wanted, 'textWindows');
  const heldOut = heldOutStretches('textWindows', tokens.length, share);
  const others = stretchesBetween(heldOut, tokens.length);
  return {
    training: {name: 'training tokens', tokens: gather(tokens, others), vocabSize},
    validation: {name: 'validation tokens', tokens: gather(tokens, heldOut), vocabSize},
  };
}

function gather(tokens: TokenArray, stretches: readonly Stretch[]): Int32Array {
  const gathered = new Int32Array(stretches.reduce((length, [from, to]) => length + to - from, 0));
  let place = 0;
  for (const [from, to] of stretches) {
    gathered.set(tokens.subarray(from, to), place);
    place += to - from;
  }
  return gathered;
}

function requireWindow(which: string, {tokens}: Part, sequenceLength: number, share: number): void {
  const needed = sequenceLength + 1;
  if (tokens.length >= needed) return;
  const whole = share === 1 ? '' : `, about ${Math.ceil(needed / share)} in all`;
  throw new DataError(
    `textWindows: the ${which} part has ${tokens.length} tokens; sequenceLength ${sequenceLength} needs ${needed}${whole}: give a longer text or a smaller sequenceLength`,
  );
}
