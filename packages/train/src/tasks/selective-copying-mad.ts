import {whole} from './fields';
import {defineTask, ignoreIndex} from './task';

/** Configuration of {@link selectiveCopyingMad}. */
export type SelectiveCopyingMadConfig = {
  /** V, number of token ids; V - 2 is blank, V - 1 asks for the copy. */
  vocabSize: number;
  /** T, tokens of an example. */
  sequenceLength: number;
  /** N, data tokens to copy. */
  numTokens: number;
};

/** Selective copying as MAD has it: data with blanks in between, a copy token, and one more blank for each answer. */
export const selectiveCopyingMad = defineTask<SelectiveCopyingMadConfig>({
  name: 'selective-copying-mad',
  title: 'Selective copying (MAD)',
  source: 'MAD, arXiv 2403.17844',
  kind: 'language-model',
  fields: {vocabSize: whole(16, 3), sequenceLength: whole(256, 3), numTokens: whole(16, 1)},
  sizes: {
    quick: {config: {sequenceLength: 64, numTokens: 8}, batchSize: 32, steps: 1500},
    bench: [{config: {sequenceLength: 256, numTokens: 16}, batchSize: 32, steps: 5000}],
  },
  check({sequenceLength, numTokens}, must) {
    must('sequenceLength', sequenceLength >= 2 * numTokens + 1, `from ${2 * numTokens + 1}, 2 numTokens + 1`);
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / (vocabSize - 2),
  generate(random, {vocabSize, sequenceLength, numTokens}) {
    const blank = vocabSize - 2;
    const data = Array.from({length: numTokens}, () => random.below(vocabSize - 2));
    const blanksBefore: number[] = Array(numTokens).fill(0);
    for (let i = 0; i < sequenceLength - 2 * numTokens - 1; i++) blanksBefore[random.below(numTokens)]++;
    const memory = data.flatMap((token, i) => [...Array<number>(blanksBefore[i]).fill(blank), token]);
    return {
      inputs: [...memory, vocabSize - 1, ...Array<number>(numTokens).fill(blank)],
      targets: [...Array<number>(sequenceLength - numTokens).fill(ignoreIndex), ...data],
    };
  },
});
