import {byteTokenizer, type Random} from '@variants/core';
import {depth, whole} from './fields';
import {nextTokenTraining} from './next-token';
import {defineTask} from './task';

/** Configuration of {@link passkey}. */
export type PasskeyConfig = {
  /** T, bytes of an example. */
  sequenceLength: number;
  /** Digits of the number. */
  numDigits: number;
  /** Where the note is: 0 at the start, 1 right before the question, null anywhere. */
  depth: number | null;
};

const words = 'river stone cloud paper green small quiet north seven light table winter'.split(' ');
const wordsPerLine = 6;
const noteOf = (number: string) => `note: the secret number is ${number}.\n`;
const questionOf = (number: string) => `question: what is the secret number? answer: ${number}`;

/** Lines of random words, exactly `length` characters, of which the first line may have lost its start. */
function filler(random: Random, length: number): string {
  let text = '';
  while (text.length < length)
    text += `${Array.from({length: wordsPerLine}, () => words[random.below(words.length)]).join(' ')}.\n`;
  return text.slice(text.length - length);
}

/** Where a line can be put in: at the start, and behind every line break. */
function lineStarts(text: string): number[] {
  return [0, ...Array.from(text.matchAll(/\n/g), ({index}) => index + 1)];
}

/** Passkey retrieval in bytes: a secret number is told once among lines of words and asked for at the end. */
export const passkey = defineTask<PasskeyConfig>({
  name: 'passkey',
  title: 'Passkey retrieval',
  source: 'after arXiv 2305.16300, in other words',
  kind: 'language-model',
  fields: {sequenceLength: whole(512, 1), numDigits: whole(5, 1), depth: depth()},
  sizes: {
    quick: {config: {sequenceLength: 256}, batchSize: 16, steps: 1000},
    bench: [{config: {sequenceLength: 1024}, batchSize: 16, steps: 4000}],
  },
  check({sequenceLength, numDigits}, must) {
    const number = '0'.repeat(numDigits);
    const needed = noteOf(number).length + questionOf(number).length - 1;
    must('sequenceLength', sequenceLength >= needed, `from ${needed}, the length of note and question`);
  },
  vocabSize: () => byteTokenizer.vocabSize,
  chance: () => 1 / 10,
  generate(random, config) {
    const number = Array.from({length: config.numDigits}, () => random.below(10)).join('');
    const room = config.sequenceLength + 1 - noteOf(number).length - questionOf(number).length;
    const text = filler(random, room);
    const starts = lineStarts(text);
    const line =
      config.depth === null ? random.below(starts.length) : Math.floor(config.depth * (starts.length - 1) + 0.5);
    const told = text.slice(0, starts[line]) + noteOf(number) + text.slice(starts[line]) + questionOf(number);
    return nextTokenTraining(byteTokenizer.encode(told), (t) => t > config.sequenceLength - config.numDigits);
  },
});
