import {whole} from './fields';
import {defineTask} from './task';

/** Configuration of {@link permutationProduct}. */
export type PermutationProductConfig = {
  /** g: the permutations of g things, g! token ids in lexicographic order. 3 is easy, 5 is complete for NC1. */
  groupDegree: number;
  /** T, permutations of an example. */
  sequenceLength: number;
};

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** Permutation number `index` of 0..degree-1 in lexicographic order. */
function permutationAt(index: number, degree: number): number[] {
  const left = Array.from({length: degree}, (_, i) => i);
  return Array.from({length: degree}, (_, i) => {
    const block = factorial(degree - 1 - i);
    return left.splice(Math.floor(index / block) % (degree - i), 1)[0];
  });
}

/** The number of a permutation in lexicographic order: how many smaller things stand behind each, in factorial base. */
function indexOf(permutation: readonly number[]): number {
  const {length} = permutation;
  return permutation.reduce((index, thing, i) => {
    const smaller = permutation.slice(i + 1).filter((other) => other < thing).length;
    return index + smaller * factorial(length - 1 - i);
  }, 0);
}

/** Product of permutations: the running composition, state'[i] = p[state[i]] from the identity on, at every position. */
export const permutationProduct = defineTask<PermutationProductConfig>({
  name: 'permutation-product',
  title: 'Product of permutations',
  source: 'state tracking: the word problem of the symmetric group; after arXiv 2411.12537',
  kind: 'language-model',
  fields: {groupDegree: whole(3, 1, 8), sequenceLength: whole(32, 1)},
  sizes: {
    quick: {config: {groupDegree: 3, sequenceLength: 16}, batchSize: 64, steps: 1000},
    bench: [
      {
        config: {groupDegree: 5, sequenceLength: 32},
        batchSize: 64,
        steps: 4000,
        tests: [{sequenceLength: 64}, {sequenceLength: 128}],
      },
    ],
  },
  vocabSize: ({groupDegree}) => factorial(groupDegree),
  chance: ({groupDegree}) => 1 / factorial(groupDegree),
  generate(random, {groupDegree, sequenceLength}) {
    const inputs = Array.from({length: sequenceLength}, () => random.below(factorial(groupDegree)));
    let state = permutationAt(0, groupDegree);
    const targets = inputs.map((token) => {
      const permutation = permutationAt(token, groupDegree);
      state = state.map((thing) => permutation[thing]);
      return indexOf(state);
    });
    return {inputs, targets};
  },
});
