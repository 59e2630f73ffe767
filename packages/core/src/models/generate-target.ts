import {requireArgument} from '../arguments';
import {ConfigError} from '../errors';
import {listOfIds} from '../ids';
import type {StreamState} from '../streams/stream-state';
import {generateText, generateTokens} from './generate';
import {type GenerateOptions, resolveOptions, type TextOptions} from './generate-options';
import type {TokenStream} from './generation-window';

/** What generates a target: a stream that the encoded source begins. */
interface TargetStream extends TokenStream {
  begin(source: ArrayLike<number>): StreamState;
}

/** Options of {@link SequenceToSequence.generate}. */
export interface TargetOptions extends Omit<GenerateOptions, 'state'> {
  /** The id, or ids, that the target begins with. They are not part of what is generated. */
  begin: number | ArrayLike<number>;
}

/**
 * Generates the target of a source as `SequenceToSequence.generate` says.
 * @throws ConfigError for an option and DataError for an empty `begin`, both at the call; DataError for a token that the
 *   model does not have, ShapeError for a source that is too long.
 */
export function generateTarget(
  model: TargetStream,
  source: string | ArrayLike<number>,
  given: TargetOptions & Partial<TextOptions>,
): AsyncGenerator<string | number, void, void> {
  requireArgument('generate', 'options', given, typeof given === 'object' && given !== null, 'an object with begin');
  const {begin, ...options} = given;
  const {maxTokens, tokenizer} = resolveOptions(options);
  const prompt = typeof begin === 'number' ? [begin] : Array.from(listOfIds(begin, 'generate: begin'));
  const limited = {...options, maxTokens: Math.min(maxTokens, roomAfter(prompt, model))};
  if (typeof source !== 'string')
    return generateTokens(targetStream(model, listOfIds(source, 'generate: the source')), prompt, limited);
  if (!tokenizer)
    throw new ConfigError('generate: a source text needs the option tokenizer, e.g. {tokenizer: byteTokenizer}');
  return generateText(targetStream(model, tokenizer.encode(source)), prompt, {...limited, tokenizer});
}

/** How many tokens can follow those a target begins with: the last one is never fed. */
function roomAfter({length}: readonly number[], {contextLength}: TargetStream): number {
  return contextLength === null ? Number.POSITIVE_INFINITY : Math.max(1, contextLength - length + 1);
}

/** The target of a source as a stream of its own, which encodes the source when its first tokens come. */
function targetStream(model: TargetStream, source: ArrayLike<number>): TokenStream {
  return {
    contextLength: null,
    stream(tokens, state, options) {
      const before = state ?? model.begin(source);
      try {
        return model.stream(tokens, before, options);
      } catch (error) {
        if (!state) before.dispose();
        throw error;
      }
    },
    nextLogits: (state) => model.nextLogits(state),
  };
}
