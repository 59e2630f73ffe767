import fc from 'fast-check';
import type {TaskName} from '../../src/tasks/tasks';

/** Where an example can start from. */
export const starts = fc.record({
  seed: fc.integer({min: 0, max: 0xffffffff}),
  split: fc.constantFrom('train' as const, 'test' as const),
  index: fc.nat(1_000_000),
});

const int = (min: number, max: number) => fc.integer({min, max});
const depth = fc.oneof(fc.constant(null), fc.double({min: 0, max: 1, noNaN: true}));

const mqar = fc
  .record({numPairs: int(1, 6), numPasses: int(1, 2), updates: int(0, 6), slots: int(0, 8), spare: int(1, 9)})
  .chain(({numPairs, numPasses, updates, slots, spare}) => {
    const numUpdates = Math.min(updates, numPairs);
    const sequenceLength = 2 * numPairs * numPasses + 2 * numUpdates + 2 * (numPairs + slots);
    const vocabSize = Math.max(sequenceLength, 2 * numPairs + 2) + spare;
    const powerA = fc.double({min: 0, max: 1, noNaN: true});
    return fc.record({
      ...constants({vocabSize, sequenceLength, numPairs, numPasses, numUpdates}),
      powerA,
      randomFiller: fc.boolean(),
    });
  });

const recall = fc
  .record({regular: int(2, 12), noise: int(1, 6), noiseFraction: fc.constantFrom(0, 0.3, 0.9, 1), pairs: int(2, 20)})
  .map(({regular, noise, noiseFraction, pairs}) => ({
    vocabSize: regular + noise,
    sequenceLength: 2 * pairs,
    noiseVocabSize: noise,
    noiseFraction,
  }));

const fuzzyRecall = fc
  .record({
    maxKeyLength: int(1, 4),
    maxValueLength: int(1, 4),
    spare: int(0, 9),
    room: int(0, 40),
    training: fc.boolean(),
  })
  .map(({maxKeyLength, maxValueLength, spare, room, training}) => ({
    vocabSize: 2 * Math.max(maxKeyLength, maxValueLength) + 1 + spare,
    sequenceLength: 3 * (maxKeyLength + maxValueLength) + room,
    maxKeyLength,
    maxValueLength,
    training,
  }));

const needle = fc
  .record({vocabSize: int(13, 40), keyLength: int(1, 3), valueLength: int(1, 4), hay: int(0, 30), depth})
  .map(({hay, ...config}) => ({...config, sequenceLength: 2 * config.keyLength + 2 * config.valueLength + 1 + hay}));

const passkey = fc
  .record({numDigits: int(1, 8), room: int(0, 300), depth})
  .map(({numDigits, room, depth}) => ({numDigits, sequenceLength: 73 + 2 * numDigits + room, depth}));

const copying = fc.record({vocabSize: int(3, 12), numTokens: int(1, 8), lag: int(0, 20), selective: fc.boolean()});

/** Configurations that each task can have, the smallest among them. */
export const configs: Record<TaskName, fc.Arbitrary<Record<string, number | boolean | null>>> = {
  mqar,
  'associative-recall': fc.record({vocabSize: int(4, 20), numPairs: int(1, 20)}),
  'induction-heads': fc
    .record({regular: int(1, 12), sequenceLength: int(4, 40), numReserved: int(1, 3)})
    .map(({regular, ...config}) => ({...config, vocabSize: regular + config.numReserved})),
  'in-context-recall': recall,
  'noisy-recall': recall,
  'fuzzy-recall': fuzzyRecall,
  memorization: fc.record({vocabSize: int(3, 40), sequenceLength: int(1, 12).map((pairs) => 2 * pairs)}),
  needle,
  passkey,
  copying,
  'selective-copying': copying,
  'selective-copying-mad': fc
    .record({vocabSize: int(3, 12), numTokens: int(1, 8), blanks: int(0, 20)})
    .map(({blanks, ...config}) => ({...config, sequenceLength: 2 * config.numTokens + 1 + blanks})),
  'string-copy': fc
    .record({vocabSize: int(3, 12), minLength: int(1, 8), more: int(0, 8)})
    .map(({more, ...config}) => ({...config, maxLength: config.minLength + more})),
  compression: fc.record({vocabSize: int(2, 12), sequenceLength: int(1, 20)}),
  sorting: fc.record({vocabSize: int(2, 12), numTokens: int(1, 12)}),
  parity: fc.record({sequenceLength: int(1, 40), cumulative: fc.boolean()}),
  'permutation-product': fc.record({groupDegree: int(1, 5), sequenceLength: int(1, 20)}),
  listops: fc.record({sequenceLength: int(30, 60), minLength: int(1, 8), maxDepth: int(3, 5), maxArguments: int(3, 6)}),
};

function constants<T extends Record<string, number>>(record: T): {[K in keyof T]: fc.Arbitrary<number>} {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fc.constant(value)])) as {
    [K in keyof T]: fc.Arbitrary<number>;
  };
}
