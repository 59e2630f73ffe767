import {byteTokenizer, DataError, type Tokenizer} from '@variants/core';
import {requireWhole} from '../checks';
import {heldOutStretches, type Stretch, stretchesBetween} from './held-out';
import {type SplitText, splitText} from './split-text';
import {orderedWindows, randomWindows, type TokenArray, type TokenWindows, vocabSizeOf} from './token-windows';

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

/**
 * Cuts a text, or tokens, into windows for training and others for validation.
 * @param source a text, which is split as {@link splitText} does, the two parts of one, or token ids, of which evenly
 *   spread stretches are held out
 * @throws DataError when a part is too short for one window
 */
export function textWindows(source: string | SplitText | TokenArray, options: TextWindowsOptions): TextWindows {
  const {sequenceLength, validationFraction = 0.1} = options;
  requireWhole('textWindows', 'sequenceLength', sequenceLength, 1);
  const {training, validation} = partsOf(source, options);
  const isSplit = typeof source === 'object' && 'validation' in source;
  requireWindow('training', training, sequenceLength, isSplit ? 1 : 1 - validationFraction);
  requireWindow('validation', validation, sequenceLength, isSplit ? 1 : validationFraction);
  return {
    training: randomWindows(training.tokens, {sequenceLength, ...training}),
    validation: orderedWindows(validation.tokens, {sequenceLength, ...validation}),
  };
}

interface Part {
  name: string;
  tokens: TokenArray;
  vocabSize: number;
  bytesPerToken?: number;
}

function partsOf(
  source: string | SplitText | TokenArray,
  options: TextWindowsOptions,
): {training: Part; validation: Part} {
  const {tokenizer = byteTokenizer, validationFraction: share = 0.1} = options;
  if (ArrayBuffer.isView(source)) return tokenParts(source, share, options.vocabSize);
  const {training, validation} = typeof source === 'string' ? splitText(source, {validation: share}) : source;
  return {
    training: textPart('training', training, tokenizer),
    validation: textPart('validation', validation, tokenizer),
  };
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
