import {whole} from './fields';
import {nextTokenExample} from './next-token';
import {defineTask, ignoreIndex} from './task';

/** Configuration of {@link stringCopy}. */
export type StringCopyConfig = {
  /** V, number of token ids; V - 2 starts and pads the example, V - 1 separates text and copy. */
  vocabSize: number;
  /** Fewest tokens of the text. */
  minLength: number;
  /** Most tokens of the text; T = 2 maxLength + 1. */
  maxLength: number;
};

/** String copy: a text of varying length, then the same again; tested on longer texts than those trained on. */
export const stringCopy = defineTask<StringCopyConfig>({
  name: 'string-copy',
  title: 'String copy',
  source: 'arXiv 2402.01032',
  kind: 'language-model',
  fields: {vocabSize: whole(28, 3), minLength: whole(4, 1), maxLength: whole(32, 1)},
  sizes: {
    quick: {config: {maxLength: 24}, batchSize: 32, steps: 1000},
    bench: [
      {
        config: {maxLength: 64},
        batchSize: 32,
        steps: 4000,
        tests: [64, 96, 128, 256].map((length) => ({minLength: length, maxLength: length})),
      },
    ],
  },
  check({minLength, maxLength}, must) {
    must('maxLength', maxLength >= minLength, `from minLength, ${minLength}`);
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize}) => 1 / (vocabSize - 2),
  generate(random, {vocabSize, minLength, maxLength}) {
    const length = minLength + random.below(maxLength - minLength + 1);
    const text = Array.from({length}, () => random.below(vocabSize - 2));
    const start = vocabSize - 2;
    const copy = nextTokenExample([start, ...text, vocabSize - 1, ...text], (place) => place > length + 1);
    const padding = 2 * (maxLength - length);
    return {
      inputs: [...copy.inputs, ...Array<number>(padding).fill(start)],
      targets: [...copy.targets, ...Array<number>(padding).fill(ignoreIndex)],
    };
  },
});
