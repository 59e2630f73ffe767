import {constants} from 'node:fs';
import {access, mkdir} from 'node:fs/promises';
import {type ArchitectureCard, byteTokenizer, ConfigError, type LanguageModel, start} from '@variants/core';
import {readText, type TextWindows, textWindows} from '@variants/train';
import type {Contestant} from './architectures';
import type {BenchOptions} from './options';

/** Lengths of context at which decoding is timed, in tokens. */
export const contexts = [64, 128, 256, 512];

/** An architecture at the size of the comparison. */
export interface Entrant {
  card: ArchitectureCard;
  /** Makes a fresh model, the same each time. */
  create(): LanguageModel;
}

/** All that a comparison needs, checked and ready. */
export interface Setup {
  /** Name of the engine that was started. */
  engine: string;
  entrants: Entrant[];
  data: TextWindows;
  /** Tokens of the text, as many as the longest context. */
  prompt: number[];
}

/**
 * Does everything that can go wrong because of the options before the first architecture is trained.
 * @throws VariantsError in one line for a size, an engine, a text or a directory that cannot be.
 */
export async function prepare(contestants: readonly Contestant[], options: BenchOptions): Promise<Setup> {
  const {parameters, sequenceLength, seed} = options;
  const longest = contexts[contexts.length - 1];
  // Room behind the longest context for the tokens that are timed there.
  const maxSequenceLength = Math.max(sequenceLength, 2 * longest);
  const size = {parameters, vocabSize: byteTokenizer.vocabSize, maxSequenceLength};
  const sized = contestants.map(({card, sized}) => ({card, make: sized(size)}));
  const engine = await start({engine: options.backend});
  const text = await readText(options.text);
  const data = textWindows(text, {sequenceLength, tokenizer: byteTokenizer});
  await makeDirectory(options.out);
  return {
    engine,
    entrants: sized.map(({card, make}) => ({card, create: () => make(seed)})),
    data,
    prompt: repeated(byteTokenizer.encode(text.slice(0, longest)), longest),
  };
}

/** The first `length` tokens of the text, which starts again where it is shorter. */
function repeated(tokens: readonly number[], length: number): number[] {
  return Array.from({length}, (_, i) => tokens[i % tokens.length]);
}

/** Makes the directory of the reports. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, {recursive: true});
    await access(path, constants.W_OK);
  } catch (cause) {
    const {message} = cause as Error;
    throw new ConfigError(`--out: reports cannot be written to ${path}: ${message}; name another directory`, {cause});
  }
}
