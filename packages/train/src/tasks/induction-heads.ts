import {whole} from './fields';
import {nextTokenTraining} from './next-token';
import {defineTask} from './task';

/** Configuration of {@link inductionHeads}. */
export type InductionHeadsConfig = {
  /** V, number of token ids; V - 1 is the prefix. */
  vocabSize: number;
  /** T, tokens of an example. */
  sequenceLength: number;
  /** Ids from the top that the random tokens leave out, the prefix among them. */
  numReserved: number;
};

const extrapolation = [64, 256, 1024, 4096, 16384].map((sequenceLength) => ({sequenceLength}));

/** Induction heads: somewhere in random tokens stands a prefix; after its second appearance, last, what followed the first is asked. */
export const inductionHeads = defineTask<InductionHeadsConfig>({
  name: 'induction-heads',
  title: 'Induction heads',
  source: 'H3, arXiv 2212.14052; defaults of Mamba, arXiv 2312.00752',
  kind: 'language-model',
  fields: {vocabSize: whole(16, 2), sequenceLength: whole(256, 4), numReserved: whole(1, 1)},
  sizes: {
    quick: {config: {vocabSize: 16, sequenceLength: 64}, batchSize: 64, steps: 800},
    bench: [{config: {vocabSize: 16, sequenceLength: 256}, batchSize: 16, steps: 8000, tests: extrapolation}],
  },
  check({vocabSize, numReserved}, must) {
    must('numReserved', numReserved < vocabSize, `fewer than vocabSize, ${vocabSize}`);
  },
  vocabSize: ({vocabSize}) => vocabSize,
  chance: ({vocabSize, numReserved}) => 1 / (vocabSize - numReserved),
  generate(random, {vocabSize, sequenceLength, numReserved}) {
    const tokens = Array.from({length: sequenceLength - 1}, () => random.below(vocabSize - numReserved));
    const place = random.below(sequenceLength - 3);
    const prefix = vocabSize - 1;
    tokens[place] = prefix;
    return nextTokenTraining([...tokens, prefix, tokens[place + 1]], (t) => t === sequenceLength);
  },
});
